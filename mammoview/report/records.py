"""From frozen results to the records of the result file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mammoview.core.errors import Problem
from mammoview.core.findings import (
    Candidate,
    ExamResult,
    Finding,
    ImageResult,
    MemberScore,
    PatchClass,
    PriorsScore,
    ScoreMeaning,
)
from mammoview.core.score_words import reached, thresholds_of
from mammoview.core.study import Mammogram
from mammoview.report.pictures import Pictures
from mammoview.report.schema import (
    SCHEMA_ID,
    ArtifactRecord,
    BreastMaskRecord,
    BreastRecord,
    CandidateRecord,
    ClassProbabilities,
    ComparedExamRecord,
    ErrorRecord,
    ExamRecord,
    FindingRecord,
    ImageRecord,
    InferredRecord,
    LayerPartRecord,
    LayersRecord,
    LinkRecord,
    ModelRecord,
    OperatingPointRecord,
    PectoralRecord,
    PriorsScoreRecord,
    ResultFile,
    SaliencyRecord,
    StudyRecord,
    TruthRecord,
)


@dataclass(frozen=True)
class Meanings:
    """What the scores of images and those of findings say."""

    image: ScoreMeaning | None = None
    finding: ScoreMeaning | None = None


def image_record(
    image: Mammogram, result: ImageResult, pictures: Pictures, *, meanings: Meanings, write_s: float
) -> ImageRecord:
    """The entry of one image; ``write_s`` is the time that its pictures took."""
    suppression = result.suppression
    return ImageRecord(
        id=image.id,
        path=image.relative_path or image.path,
        root=image.root,
        laterality=image.laterality.value if image.laterality else None,
        view=image.view.value if image.view else None,
        inferred=[InferredRecord(attribute=i.attribute, value=i.value, source=i.source) for i in image.inferred],
        rows=image.rows,
        columns=image.columns,
        spacing_mm=list(image.spacing_mm) if image.spacing_mm else None,
        breast=_breast(image, result, pictures),
        artifacts=[
            ArtifactRecord(bbox=a.box.as_list(), kind=a.kind.value, area_px=a.area_px)
            for a in (suppression.artifacts if suppression else ())
        ],
        cleaned=pictures.cleaned,
        overlay=pictures.overlay,
        pectoral=PectoralRecord(mask=pictures.pectoral) if pictures.pectoral else None,
        pectoral_reason=suppression.pectoral_reason if suppression else "",
        candidates=[_candidate(candidate) for candidate in result.candidates],
        findings=[_finding(finding, pictures, meanings.finding) for finding in result.findings],
        p_malignant=result.p_malignant,
        p_malignant_members=[member.p_malignant for member in result.members],
        member_models=[member.model for member in result.members],
        uncertainty=result.uncertainty,
        uncertainty_method=_method(result.uncertainty, result.spread_over),
        operating_point=_point(result.p_malignant, result.members, meanings.image),
        patch_map=pictures.patch_map,
        saliency=SaliencyRecord(method=result.saliency.name, file=pictures.saliency)
        if result.saliency is not None and pictures.saliency is not None
        else None,
        layers=_layers(result, pictures),
        truth=_truth(result, pictures),
        timings_s={**dict(result.timings_s), "write": round(write_s, 4)},
    )


def _breast(image: Mammogram, result: ImageResult, pictures: Pictures) -> BreastMaskRecord | None:
    if result.suppression is None or pictures.breast is None:
        return None
    area = None
    if image.spacing_mm is not None:
        area = float(result.suppression.breast.to_array().sum()) * image.spacing_mm[0] * image.spacing_mm[1]
    return BreastMaskRecord(mask=pictures.breast, area_mm2=area)


def _layers(result: ImageResult, pictures: Pictures) -> LayersRecord | None:
    if result.layers is None or pictures.benign is None or pictures.malignant is None:
        return None
    parts = [
        LayerPartRecord(
            finding=part.finding,
            bbox=part.box.as_list(),
            p_malignant=part.p_malignant,
            layer=part.layer.value if part.layer else None,
            source=part.source.value,
        )
        for part in result.layers.parts
    ]
    return LayersRecord(
        benign=pictures.benign,
        malignant=pictures.malignant,
        threshold=result.layers.threshold,
        experimental=result.layers.is_experimental,
        parts=parts,
    )


def _truth(result: ImageResult, pictures: Pictures) -> TruthRecord | None:
    if result.truth is None or pictures.truth is None:
        return None
    return TruthRecord(file=result.truth.file, overlay=pictures.truth, dice=result.truth.dice, iou=result.truth.iou)


def _candidate(candidate: Candidate) -> CandidateRecord:
    return CandidateRecord(bbox=candidate.box.as_list(), score=candidate.score, kind=candidate.kind.value)


def _finding(finding: Finding, pictures: Pictures, meaning: ScoreMeaning | None) -> FindingRecord:
    classes = {kind.value: value for kind, value in zip(PatchClass, finding.probabilities, strict=True)}
    return FindingRecord(
        id=finding.id,
        kind=finding.kind.value,
        bbox=finding.box.as_list(),
        centre=list(finding.centre),
        p_malignant=finding.p_malignant,
        class_probabilities=ClassProbabilities(**classes),
        mask=pictures.finding(finding.id),
        contour=[list(point) for point in finding.contour],
        area_mm2=finding.area_mm2,
        p_malignant_members=[member.p_malignant for member in finding.members],
        member_models=[member.model for member in finding.members],
        uncertainty=finding.uncertainty,
        uncertainty_method=_method(finding.uncertainty, finding.spread_over),
        operating_point=_point(finding.p_malignant, finding.members, meaning),
    )


def _method(uncertainty: float | None, spread_over: str) -> str | None:
    return None if uncertainty is None else f"standard deviation over {spread_over}"


def _point(score: float | None, members: Sequence[MemberScore], meaning: ScoreMeaning | None) -> str | None:
    """Name of the highest operating point that a score reaches."""
    found = reached(score, thresholds_of(meaning, members)) if score is not None else None
    return found.name if found else None


def _points(meaning: ScoreMeaning | None) -> list[OperatingPointRecord]:
    return [
        OperatingPointRecord(
            name=point.name,
            threshold=point.threshold,
            sensitivity=point.sensitivity,
            specificity=point.specificity,
            fitted_on=point.fitted_on,
            n_patients=point.n_patients,
        )
        for point in (meaning.thresholds if meaning else ())
    ]


def _priors(priors: PriorsScore | None) -> PriorsScoreRecord | None:
    if priors is None:
        return None
    return PriorsScoreRecord(
        experimental=True,
        score=priors.score,
        score_meaning=priors.meaning.text,
        training_prevalence=priors.meaning.training_prevalence,
        model=priors.model,
        exams=[
            ComparedExamRecord(study_uid=e.study_uid, months_before=e.months_before, images=list(e.image_ids))
            for e in priors.exams
        ],
    )


def study_record(result: ExamResult, images: Sequence[ImageRecord]) -> StudyRecord:
    """The entry of one study."""
    return StudyRecord(
        study_uid=result.study_uid,
        images=list(images),
        breasts=[
            BreastRecord(
                laterality=b.laterality.value,
                p_malignant=b.p_malignant,
                from_=list(b.image_ids),
                single_view=b.is_single_view,
                p_malignant_members=[member.p_malignant for member in b.members],
                member_models=[member.model for member in b.members],
            )
            for b in result.breasts
        ],
        exam=ExamRecord(
            p_malignant=result.p_malignant,
            p_malignant_members=[member.p_malignant for member in result.members],
            member_models=[member.model for member in result.members],
            rule=result.rule,
            score_meaning=result.meaning.text if result.meaning else None,
            training_prevalence=result.meaning.training_prevalence if result.meaning else None,
            operating_points=_points(result.meaning),
            finding_score_meaning=result.finding_meaning.text if result.finding_meaning else None,
            finding_operating_points=_points(result.finding_meaning),
            priors_score=_priors(result.priors),
        ),
        links=[LinkRecord(cc=link.cc, mlo=link.mlo, score=link.score) for link in result.links],
    )


def result_file(
    results: Sequence[ExamResult],
    images: Mapping[str, ImageRecord],
    *,
    problems: Sequence[Problem],
    warnings: Sequence[str],
) -> ResultFile:
    """The whole file.

    Parameters
    ----------
    results
        One for each study, at least one.
    images
        The entries of the images, by image id.
    problems, warnings
        What happened outside the studies' own analyses; theirs are added.
    """
    uses = {(use.id, use.sha256): use for result in results for use in result.provenance.models}
    return ResultFile(
        schema_=SCHEMA_ID,
        software=results[0].provenance.software,
        device=_joined(result.provenance.device for result in results),
        backend=_joined(result.provenance.backend for result in results),
        models=[ModelRecord(id=use.id, version=use.version, sha256=use.sha256) for use in uses.values()],
        started=min(result.provenance.started for result in results),
        seconds=round(sum(result.provenance.seconds for result in results), 3),
        warnings=list(dict.fromkeys([*warnings, *(text for result in results for text in result.warnings)])),
        studies=[study_record(r, [images[i.image_id] for i in r.images]) for r in results],
        errors=[
            ErrorRecord(path=p.path, code=p.code, message=p.message, hint=p.hint)
            for p in dict.fromkeys([*problems, *(problem for result in results for problem in result.problems)])
        ],
    )


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
