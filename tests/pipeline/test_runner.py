"""The runner's order of things, with networks that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mammoview.core.errors import CancelledError
from mammoview.core.findings import ImageResult
from mammoview.core.study import Laterality, Mammogram, PresentationIntent, ViewPosition
from mammoview.pipeline.request import AnalysisRequest, EngineNote
from mammoview.pipeline.runner import run

Make = Callable[..., Mammogram]

pytestmark = pytest.mark.usefixtures("quick_stages")


def exam(make: Make) -> tuple[Mammogram, ...]:
    return tuple(
        make(f"{side.value}{view.value}", laterality=side, view=view)
        for side in Laterality
        for view in (ViewPosition.CC, ViewPosition.MLO)
    )


def test_results_come_image_by_image_in_order(make_mammogram: Make, networks: Any) -> None:
    seen: list[str] = []
    shown: list[tuple[str, str, tuple[int, ...]]] = []
    request = AnalysisRequest(exam(make_mammogram), "study")
    result = run(
        request,
        networks=networks,
        on_image=lambda one: seen.append(one.image_id),
        on_pixels=lambda image, pixels, one: shown.append((image.id, one.image_id, pixels.shape)),
    )
    assert seen == [image.id for image in request.images] == [one.image_id for one in result.images]
    assert shown == [(name, name, (60, 40)) for name in seen]
    assert result.fingerprint == request.fingerprint
    assert [breast.laterality for breast in result.breasts] == [Laterality.RIGHT, Laterality.LEFT]
    assert result.p_malignant == 0.25
    assert result.meaning == networks.meaning
    assert result.provenance.models == networks.uses


def test_images_are_batched_where_the_networks_ask_for_it(make_mammogram: Make, networks: Any) -> None:
    networks.batch = 3
    result = run(AnalysisRequest(exam(make_mammogram), "study"), networks=networks)
    assert [len(group) for group in networks.groups] == [3, 1]
    for one in result.images:
        assert dict(one.timings_s)["classify"] >= 0


def test_a_bad_file_costs_its_own_entry(make_mammogram: Make, networks: Any) -> None:
    images = (make_mammogram("bad1"), make_mammogram("good"), make_mammogram("bad2"))
    result = run(AnalysisRequest(images, "study"), networks=networks)
    assert [one.image_id for one in result.images] == ["good"]
    assert [(problem.path, problem.code) for problem in result.problems] == [
        ("/nowhere/bad1.png", "decode"),
        ("/nowhere/bad2.png", "decode"),
    ]


def test_nothing_readable_gives_an_empty_result(make_mammogram: Make, networks: Any) -> None:
    result = run(AnalysisRequest((make_mammogram("bad"),), "study"), networks=networks)
    assert result.images == ()
    assert result.p_malignant is None


def test_unscored_images_are_shown_with_the_reason(make_mammogram: Make, networks: Any) -> None:
    raw = make_mammogram("raw", intent=PresentationIntent.FOR_PROCESSING, warnings=("From the header.",))
    networks.reasons["raw"] = "Not scored: raw."
    result = run(AnalysisRequest((raw,), "study"), networks=networks)
    (one,) = result.images
    assert one.p_malignant is None
    assert one.candidates == ()
    assert not networks.explained
    assert one.warnings == ("From the header.", "Not scored: raw.")
    assert result.warnings == ("raw.png: From the header.", "raw.png: Not scored: raw.")


def test_notes_of_the_engine_reach_the_result_and_the_window(make_mammogram: Make, networks: Any) -> None:
    networks.pending.append("The card ran out of memory: going on in tiles.")
    notes: list[EngineNote] = []
    result = run(AnalysisRequest((make_mammogram(),), "study"), networks=networks, on_note=notes.append)
    assert result.warnings[0].endswith("going on in tiles.")
    assert notes == [EngineNote("cpu", ("fake",), "The card ran out of memory: going on in tiles.")]


def test_cancel_is_asked_between_stages(make_mammogram: Make, networks: Any) -> None:
    done: list[ImageResult] = []
    with pytest.raises(CancelledError):
        run(
            AnalysisRequest(exam(make_mammogram), "study"),
            cancel=lambda: bool(done),
            networks=networks,
            on_image=done.append,
        )
    assert len(done) == 1


def test_progress_rises_to_the_end(make_mammogram: Make, networks: Any) -> None:
    fractions: list[float] = []
    images = (make_mammogram("bad"), *exam(make_mammogram))
    run(AnalysisRequest(images, "study"), lambda fraction, text: fractions.append(fraction), networks=networks)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(set(fractions)) > 10


def test_an_ensembles_members_and_spread_reach_the_result(make_mammogram: Make, networks: Any) -> None:
    result = run(AnalysisRequest(exam(make_mammogram), "study"), networks=networks)
    for one in result.images:
        assert [(member.model, member.p_malignant) for member in one.members] == [("a@1", 0.2), ("b@1", 0.3)]
        assert (one.p_malignant, one.uncertainty, one.spread_over) == (0.25, 0.05, "2 models")
    assert [member.p_malignant for member in result.members] == pytest.approx([0.2, 0.3])


def test_a_member_that_takes_no_part_is_named(make_mammogram: Make, networks: Any) -> None:
    networks.absent["a"] = ("c@1 takes no part: MLO views are not scored by this model.",)
    result = run(AnalysisRequest((make_mammogram("a"),), "study"), networks=networks)
    assert result.warnings[0] == "a.png: c@1 takes no part: MLO views are not scored by this model."
