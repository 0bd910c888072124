"""Requests: equal questions have equal fingerprints."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest

from mammoview.core.study import Mammogram
from mammoview.pipeline.request import AnalysisRequest, Backend, SaliencyMethod


@pytest.fixture
def request_for(make_mammogram: Callable[..., Mammogram]) -> AnalysisRequest:
    return AnalysisRequest(images=(make_mammogram("a"), make_mammogram("b")), study_uid="study")


def test_a_request_survives_the_way_to_another_process(request_for: AnalysisRequest) -> None:
    other = pickle.loads(pickle.dumps(request_for))
    assert other == request_for
    assert hash(other) == hash(request_for)
    assert other.fingerprint == request_for.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"study_uid": "other"},
        {"models": ("m",)},
        {"device": "cpu"},
        {"backend": Backend.TORCH_BF16},
        {"saliency": SaliencyMethod.GUIDED},
        {"flips": False},
        {"dropout_passes": 20},
        {"images": ()},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_question_has_another_fingerprint(request_for: AnalysisRequest, changes: dict[str, object]) -> None:
    assert replace(request_for, **changes).fingerprint != request_for.fingerprint  # type: ignore[arg-type]


def test_a_changed_file_has_another_fingerprint(request_for: AnalysisRequest) -> None:
    changed = replace(request_for.images[0], id="other content")
    assert replace(request_for, images=(changed, request_for.images[1])).fingerprint != request_for.fingerprint


def test_threads_change_the_speed_alone(request_for: AnalysisRequest) -> None:
    assert replace(request_for, threads=7).fingerprint == request_for.fingerprint
