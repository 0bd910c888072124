"""Findings of the case on the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mammoview.ui.actions import action
from mammoview.ui.desk import Desk
from mammoview.ui.reading.finding_tools import Tool
from mammoview.ui.reading.shown import AiSight, Standing, standing
from mammoview.ui.reading.standing import reveal_hindrance
from mammoview.ui.viewport.layers import Layer

_AI_LAYERS: Final = frozenset(
    {
        Layer.CANDIDATES,
        Layer.FINDINGS,
        Layer.BENIGN,
        Layer.MALIGNANT,
        Layer.SALIENCY,
        Layer.PATCH_MAP,
    }
)
_DRAW: Final = ("finding_polygon", "finding_freehand", "finding_place", "finding_assist", "finding_brush")
_BUTTONS: Final = ("accept_finding", "reject_finding", "link_finding")
_MORE: Final = (
    "finding_eraser",
    "finding_redraw",
    "finding_redraw_polygon",
    "take_back_verdict",
    "unlink_finding",
    "delete_finding",
    "landmarks",
    "correspondence",
    "ask_ai",
)
_AI_KEYS: Final = ("ai_marks", "ai_scores", "ai_hide")
_OTHER_KEYS: Final = "While a case is read, “AI marks” shows what the AI proposes."
_AFTER_REVEAL: Final = "The AI is shown after the first read."


class FindingsCommands:
    """The part of the Reading menu that is about findings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._board, self._tools, self._panel = desk.findings.board, desk.findings.tools, desk.findings.panel
        #: The finding to be linked with the next one that is selected.
        self._to_link = ""
        self._how, self._before = "", ""
        self._panel.set_actions(*([desk.actions[name] for name in names] for names in (_DRAW, _BUTTONS, _MORE)))
        self._tools.taken.connect(self._show_tool)
        self._board.refused.connect(desk.state_label.setText)
        self._tools.said.connect(desk.state_label.setText)
        self._board.changed.connect(self._show_what_can_be_done)
        self._board.selected_changed.connect(self._link_with)
        self._board.sight_changed.connect(lambda _sight: self._show_sight())
        # What was just drawn is to be described.
        self._board.added.connect(lambda _finding: desk.show_tab(self._panel))
        desk.reading.case_changed.connect(lambda _case: self._follow_case())
        desk.analysis.findings.selected.connect(self._select_of_ai)
        desk.presenter.tells_scores = self._tells_scores
        desk.check("correspondence", is_on=True)
        self._follow_case()
        self._show_what_can_be_done()

    # What of the AI is seen

    def do_ai_marks(self) -> None:
        if not self._board.is_revealed:
            # The first time the key is what reveals; marks are shown then.
            self._board.set_sight(replace(self._board.sight, has_marks=True))
            self._desk.reading.reveal()
            return
        self._board.set_sight(replace(self._board.sight, has_marks=self._desk.is_checked("ai_marks")))

    def do_ai_scores(self) -> None:
        is_on, options = self._desk.is_checked("ai_scores"), self._desk.options
        self._board.set_sight(replace(self._board.sight, has_scores=is_on))
        visible = options.visible - {Layer.SALIENCY, Layer.PATCH_MAP} | ({Layer.SALIENCY} if is_on else set())
        self._desk.set_options(replace(options, visible=visible))

    def do_ai_hide(self) -> None:
        self._board.set_sight(AiSight(has_marks=False, has_scores=False))
        options = self._desk.options
        self._desk.set_options(replace(options, visible=options.visible - _AI_LAYERS, is_cleaned=False))

    def _tells_scores(self, image_id: str) -> bool:
        return image_id not in self._desk.options.read or self._board.sight.has_scores

    def _show_sight(self) -> None:
        sight = self._board.sight
        self._desk.check("ai_marks", is_on=sight.has_marks and self._board.is_revealed)
        self._desk.check("ai_scores", is_on=sight.has_scores and self._board.is_revealed)
        self._desk.presenter.show_notes()

    def _follow_case(self) -> None:
        draft, options = self._board.draft, self._desk.options
        read = frozenset(image.id for image in draft.exam.images) if draft is not None else frozenset()
        if read != options.read:
            # Saliency of the case before must not come up with the next one.
            visible = options.visible - {Layer.SALIENCY, Layer.PATCH_MAP} if read else options.visible
            self._desk.set_options(replace(options, read=read, visible=visible))
        self._desk.keys.set_reason("findings_layer", _OTHER_KEYS if draft is not None else "")
        # Until then the keypad's keys are the main keyboard's.
        is_revealed = self._board.is_revealed
        self._desk.keys.set_asleep(_AI_KEYS[1:], is_asleep=not is_revealed)
        self._desk.keys.set_asleep(_AI_KEYS[:1], is_asleep=bool(self._why_no_marks()))
        self._show_sight()

    def _why_no_marks(self) -> str:
        """Why the AI's marks can neither be shown nor revealed now; empty where they can."""
        return "" if self._board.is_revealed else reveal_hindrance(self._desk.reading.case)

    def _select_of_ai(self, ai_id: str) -> None:
        draft = self._board.draft
        found = (one.id for one in draft.findings if one.origin.ai_finding_id == ai_id) if draft and ai_id else iter(())
        finding_id = next(found, "")
        if finding_id:
            self._board.select(finding_id)

    # Tools

    def do_ask_ai(self) -> None:
        self._take(Tool.ASK)

    def do_finding_polygon(self) -> None:
        self._take(Tool.POLYGON)

    def do_finding_freehand(self) -> None:
        self._take(Tool.FREEHAND)

    def do_finding_place(self) -> None:
        self._take(Tool.PLACE)

    def do_finding_assist(self) -> None:
        self._take(Tool.ASSIST)

    def do_finding_brush(self) -> None:
        self._take(Tool.BRUSH)

    def do_finding_eraser(self) -> None:
        self._take(Tool.ERASER)

    def do_finding_redraw(self) -> None:
        self._take(Tool.REDRAW)

    def do_finding_redraw_polygon(self) -> None:
        self._take(Tool.REDRAW_POLYGON)

    def do_landmarks(self) -> None:
        self._take(Tool.LANDMARKS)

    def _take(self, tool: Tool) -> None:
        """Take a tool; the same key again puts it down."""
        self._tools.take(None if tool is self._tools.tool else tool)

    def _show_tool(self, tool: Tool | None) -> None:
        for one in Tool:
            self._desk.check(one.value, is_on=one is tool)
        if tool is not None:
            self._desk.check("draw_pointer", is_on=False)
        label = self._desk.state_label
        if self._how and label.text() == self._how:
            label.setText(self._before)
        self._how = ""
        if tool is not None:
            self._before = label.text()
            row = action(tool.value)
            self._how = f"{row.title}: {row.help}"
            label.setText(self._how)

    # Findings

    def do_accept_finding(self) -> None:
        self._board.accept()

    def do_reject_finding(self) -> None:
        self._desk.show_tab(self._panel)
        self._panel.ask_reason()

    def do_take_back_verdict(self) -> None:
        self._board.take_back()

    def do_delete_finding(self) -> None:
        self._board.delete()

    def do_link_finding(self) -> None:
        # What the AI proposed is kept, then the likeliest; else the next one that is clicked.
        lesion, selected = self._board.lesion, self._board.selected
        others = [one.id for one in lesion.findings if one.id != selected] if lesion is not None else []
        likely = others or list(self._board.candidates)
        if likely:
            self._board.link(likely[0])
        elif selected:
            self._to_link = selected
            self._desk.state_label.setText("Link: click the same lesion in the other view")

    def _link_with(self, finding_id: str) -> None:
        first, self._to_link = self._to_link, ""
        if first and finding_id:
            self._board.link(first)

    def do_unlink_finding(self) -> None:
        self._board.unlink()

    def do_correspondence(self) -> None:
        self._desk.findings.correspondence.set_shown(is_shown=self._desk.is_checked("correspondence"))

    # What can be done

    def _show_what_can_be_done(self) -> None:
        board, is_revealed = self._board, self._board.is_revealed
        lesion, can_change = board.lesion, board.can_change
        parts = [standing(one) for one in lesion.findings] if lesion is not None else []
        of_ai = set(parts) - {Standing.OWN}
        own = board.finding is not None and standing(board.finding) is Standing.OWN
        reasons = {
            "accept_finding": "" if of_ai & {Standing.UNJUDGED, Standing.REJECTED} else "Select a finding of the AI.",
            "reject_finding": "" if of_ai - {Standing.REJECTED} else "Select a finding of the AI.",
            "take_back_verdict": "" if of_ai - {Standing.UNJUDGED} else "Select a finding that was judged.",
            "delete_finding": "" if own else "Select a finding of your own.",
            "link_finding": "" if lesion is not None else "Select a finding.",
            "unlink_finding": "" if len(parts) > 1 else "Select a finding that is linked.",
        }
        changing = ("accept_finding", "reject_finding", "take_back_verdict", "delete_finding")
        for name in (*changing, "link_finding", "unlink_finding"):
            if not can_change:
                reasons[name] = "Nothing can be changed here."
        reasons |= dict.fromkeys(_AI_KEYS, "" if is_revealed else _AFTER_REVEAL)
        reasons["ai_marks"] = self._why_no_marks()
        reasons |= {tool.value: self._tools.why_not(tool) for tool in Tool}
        for name, reason in reasons.items():
            self._desk.keys.set_reason(name, reason)
