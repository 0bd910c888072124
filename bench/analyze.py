"""What an analysis costs beside the sum of its stages, and in memory: ``python -m bench.analyze``.

The four views of the demo study's current exam (4096 × 3328, synthetic) are analysed by the command line at 2 threads
on the CPU with Grad-CAM, each run in a process of its own; in turn the same stages are run one after the other, each
alone. Medians over the rounds. The whole demo study, prior included, is timed once.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

THREADS = 2
ROUNDS = 3
MOST_RATIO = 1.3
MOST_SECONDS = 10.0
MOST_GIB = 2.5


def main() -> None:
    """Print the table."""
    from mammoview.session.demo import DEMO_SEED, write_phantom

    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as folder:
        work = Path(folder)
        files = write_phantom(work / "study", seed=DEMO_SEED, priors=1)
        exam = files[0].parent
        commands, inner, sums = [], [], []
        stages: dict[str, list[float]] = defaultdict(list)
        for number in range(ROUNDS):
            commands.append(command_s(exam, work / f"out{number}"))
            inner.append(in_a_process("--inner", exam, work / f"inner{number}")["analysis"])
            alone = in_a_process("--stages", exam)
            sums.append(sum(alone.values()))
            for name, seconds in alone.items():
                stages[name].append(seconds)
        peak_gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        whole_s = command_s(work / "study", work / "out-whole")
    inside, alone_s, wall = (statistics.median(values) for values in (inner, sums, commands))
    print(f"four views, {THREADS} threads, the default map; stages alone, seconds for the exam:")
    for name, values in stages.items():
        print(f"  {name:12} {statistics.median(values):6.2f}")
    print(f"sum of the stages                   {alone_s:6.2f} s")
    print(f"analysis                            {inside:6.2f} s")
    print(f"analysis / sum of the stages        {inside / alone_s:6.2f}    (at most {MOST_RATIO})")
    print(f"whole command, process start too    {wall:6.2f} s  (at most {MOST_SECONDS:.0f} s)")
    print(f"whole command, prior exam too       {whole_s:6.2f} s")
    print(f"peak memory                         {peak_gib:6.2f} GiB (at most {MOST_GIB} GiB)")


def command_s(study: Path, out: Path) -> float:
    """Seconds that ``mammoview analyze`` takes, from the start of its process to its end."""
    words = ["--device", "cpu", "--threads", str(THREADS), "--saliency", "gradcam"]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "mammoview", "analyze", str(study), "--out", str(out), *words],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def in_a_process(*words: str | Path) -> dict[str, float]:
    """Times that this module measures in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.analyze", *map(str, words)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_inner(study: Path, out: Path) -> dict[str, float]:
    """The analysis as the command line does it, from the models to the written result, without the process's start."""
    from mammoview.cli.analyze import Options, analyze_paths
    from mammoview.core.progress import no_progress

    start = time.perf_counter()
    analyze_paths([study], Options(out=out, device="cpu", threads=THREADS), no_progress)
    return {"analysis": time.perf_counter() - start}


def run_stages(study: Path) -> dict[str, float]:
    """Run the stages one after the other, and time each over all images."""
    start = time.perf_counter()
    from mammoview.dicom.pixels import decode
    from mammoview.dicom.scan import scan
    from mammoview.imaging.rois import propose
    from mammoview.imaging.suppress import clean, suppress
    from mammoview.imaging.windowing import to_presentation
    from mammoview.pipeline.request import AnalysisRequest
    from mammoview.pipeline.shelf import Shelf
    from mammoview.pipeline.stages import PreparedImage, Stopwatch
    from mammoview.report.pictures import write_pictures

    watch = Stopwatch()
    (found,) = scan([study]).studies
    networks = Shelf().open(AnalysisRequest(found.images, found.uid, device="cpu", threads=THREADS))
    watch.add("models", time.perf_counter() - start)
    with tempfile.TemporaryDirectory(prefix="mammoview-bench-") as folder:
        for image in found.images:
            with watch.stage("decode"):
                stored = decode(image)
                shown = to_presentation(stored, image.grayscale)
            with watch.stage("suppress"):
                suppression = suppress(
                    shown,
                    view=image.view,
                    laterality=image.laterality,
                    padding=stored.padding,
                    spacing_mm=image.spacing_mm,
                )
                cleaned = clean(shown, suppression)
            with watch.stage("propose"):
                candidates = propose(cleaned, suppression, spacing_mm=image.spacing_mm)
            prepared = PreparedImage(image, shown, cleaned, suppression, candidates, Stopwatch())
            with watch.stage("networks"):
                (score,) = networks.score([prepared])
                (findings,) = networks.classify([prepared])
                findings = networks.segment(prepared, findings).findings
            with watch.stage("saliency"):
                saliency = networks.explain(prepared)
                patch_map = networks.patch_map(prepared)
            with watch.stage("writing"):
                write_pictures(
                    Path(folder),
                    image.label,
                    image=image,
                    result=_result(prepared, score, findings, saliency, patch_map),
                    shown=shown,
                    meaning=networks.meaning,
                )
    return watch.seconds


def _result(prepared, score, findings, saliency, patch_map):  # type: ignore[no-untyped-def]
    from mammoview.core.findings import ImageResult

    return ImageResult(
        prepared.image.id,
        suppression=prepared.suppression,
        candidates=prepared.candidates,
        findings=findings,
        p_malignant=score.p_malignant if score else None,
        patch_map=patch_map,
        saliency=saliency,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stages"]:
        print(json.dumps(run_stages(Path(sys.argv[2]))))
    elif sys.argv[1:2] == ["--inner"]:
        print(json.dumps(run_inner(Path(sys.argv[2]), Path(sys.argv[3]))))
    else:
        os.environ.setdefault("MAMMOVIEW_HOME", tempfile.mkdtemp(prefix="mammoview-bench-home-"))
        main()
