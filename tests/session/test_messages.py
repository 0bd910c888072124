from __future__ import annotations

from mammoview.core.errors import Problem
from mammoview.session.events import Level, Message
from mammoview.session.messages import Messages

A, B = Problem("/a", "input", "A is bad."), Problem("/b", "input", "B is bad.")


def test_messages_wait_for_a_view_and_come_in_order(ear) -> None:
    messages = Messages()
    messages.tell(A)
    messages.tell(B, Level.WARNING)
    messages.connect(ear)
    messages.tell(Problem("", "x", "Later."), Level.INFO)
    assert [m.problem.message for m in ear.heard] == ["A is bad.", "B is bad.", "Later."]
    assert [m.level for m in ear.heard] == [Level.ERROR, Level.WARNING, Level.INFO]
    assert messages.history == tuple(ear.heard)


def test_the_same_is_told_once_until_the_user_tries_again(ear) -> None:
    messages = Messages()
    messages.connect(ear)
    messages.tell(A)
    messages.tell(A)
    messages.tell(A, Level.WARNING)
    assert len(ear.heard) == 2
    messages.start_over()
    messages.tell(A)
    assert ear.heard[-1] == Message(A)
    assert len(ear.heard) == 3


def test_a_view_may_tell_something_itself(ear) -> None:
    messages = Messages()

    def answer(message: Message) -> None:
        ear(message)
        if message.problem == A:
            messages.tell(B)

    messages.connect(answer)
    messages.tell(A)
    assert [m.problem for m in ear.heard] == [A, B]
