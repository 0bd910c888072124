"""The AI's change since the earlier exam as a short table: view, then, now, change, findings."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from mammoview.core.findings import PriorsScore
from mammoview.core.reading.prior_change import PriorChange, ViewChange
from mammoview.ui import theme

_CELL = 'style="padding: 1px 8px 1px 0; white-space: nowrap"'


class PriorChangePanel(QLabel):
    """Shows what it is given; without an earlier exam it is not there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setMargin(8)
        self.show_change(None)

    def show_change(self, change: PriorChange | None) -> None:
        """Show a change; None, or one without an earlier exam, hides the panel."""
        if change is None or not change.prior_uid:
            self.clear()
            self.hide()
            return
        parts = [f"<p style='margin:0 0 4px 0'><b>AI since {escape(_day(change.prior_date))}</b></p>"]
        if change.reason:
            parts.append(f"<p>{_quiet(change.reason)}</p>")
        else:
            parts.append(_table(change.views))
        if change.temporal is not None:
            parts.append(_temporal(change.temporal))
        self.setText("".join(parts))
        self.show()


def _table(views: Sequence[ViewChange]) -> str:
    heads = "".join(f"<td {_CELL}>{_quiet(name)}</td>" for name in ("View", "Then", "Now", "Change"))
    return f"<table cellspacing='0'><tr>{heads}</tr>{''.join(map(_rows, views))}</table>"


def _rows(view: ViewChange) -> str:
    """Numbers in one row; below it what they mean, and the findings."""
    told = [one.score if one is not None else None for one in (view.then, view.now)]
    numbers = "".join(f"<td {_CELL}>{_number(score)}</td>" for score in told)
    below = view.reason or findings_text(view)
    words = "" if view.reason else _point_text(view)
    lines = "<br>".join(_quiet(line) for line in (words, below) if line)
    return (
        f"<tr><td {_CELL}><b>{escape(view.label)}</b></td>{numbers}<td {_CELL}>{_difference(view)}</td></tr>"
        f"<tr><td></td><td colspan='3' style='padding-bottom: 5px'>{lines}</td></tr>"
    )


def _number(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"


def _difference(view: ViewChange) -> str:
    if view.difference is None:
        return "–"
    text = f"{view.difference:+.2f}".replace("-", "\N{MINUS SIGN}")
    if view.uncertainty is not None:
        text += f" ± {view.uncertainty:.2f}"
    return f"<b>{text}</b>" if view.is_beyond_spread else text


def _point_text(view: ViewChange) -> str:
    """The operating points then and now, once where both are the same."""
    then, now = (one.words if one is not None else "" for one in (view.then, view.now))
    if not (then and now):
        return then or now
    return f"{now}, as then" if then == now else f"then {then}, now {now}"


def findings_text(view: ViewChange) -> str:
    """``1 finding new, 1 as before, 2 gone``; what has no place is told apart."""
    counts = (
        (len(view.new), "new"),
        (len(view.persisting), "as before"),
        (len(view.gone), "gone"),
        (len(view.unplaced), "of unknown place"),
    )
    parts = [f"{count} {what}" for count, what in counts if count]
    return f"Findings: {', '.join(parts)}" if parts else "No findings then or now"


def _temporal(score: PriorsScore) -> str:
    return (
        f"<p style='margin:4px 0 0 0'><b>Temporal model</b>&nbsp; {score.score:.2f}&nbsp; "
        f"<span style='color:{theme.WARNING.name()}'>{escape(score.words)}</span>"
        f"<br>{_quiet(score.meaning.text)}</p>"
    )


def _day(date: str) -> str:
    """``20240501`` as ``2024-05-01``; anything else as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date or "the earlier exam"


def _quiet(text: str) -> str:
    return f'<span style="color:{theme.QUIET.name()}">{escape(text)}</span>'
