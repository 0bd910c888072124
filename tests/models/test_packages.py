"""Writing, refusing, installing and choosing packages."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

from mammoview.core import paths
from mammoview.core.errors import ModelPackageError, OutputError
from mammoview.core.study import Grayscale, Mammogram, PresentationIntent, SourceKind, ViewModifier, ViewPosition
from mammoview.models import export, registry
from mammoview.models.loading import LoadedPackage, load, read_checkpoint, resave
from mammoview.models.manifest import InputContract, Task, read_manifest, verify
from mammoview.models.registry import Origin, PackageInfo

Copy = Callable[..., PackageInfo]


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    words = json.loads(path.read_text())
    words.update(changes)
    path.write_text(json.dumps(words))


def rename_hash(folder: Path, name: str, data: bytes) -> None:
    """Write a file and its right hash: only what the file holds is wrong then."""
    (folder / name).write_bytes(data)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit_manifest(folder, files={**files, name: hashlib.sha256(data).hexdigest()})


def test_package_comes_back_as_it_was_written(toys: dict[Task, LoadedPackage]) -> None:
    package = toys[Task.PATCH]
    network = package.network()
    assert package.manifest.architecture == "resnet-patch"
    assert network.sizes.width == 8
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert package.preprocess.patch is not None
    assert package.preprocess.patch.size_px == 64
    verify(package.info.folder, package.manifest)
    again, sha256 = read_manifest(package.info.folder)
    assert again == package.manifest
    assert sha256 == hashlib.sha256((package.info.folder / "manifest.json").read_bytes()).hexdigest()


def test_half_precision_keeps_single_axes_exact(toys: dict[Task, LoadedPackage]) -> None:
    network = toys[Task.PATCH].network()
    stored = export.stored_state(network, "fp16")
    assert stored["body.conv1.weight"].dtype == torch.float16
    assert stored["body.bn1.running_var"].dtype == torch.float32
    assert not any(name.endswith("num_batches_tracked") for name in stored)
    for name, value in stored.items():
        torch.testing.assert_close(value.float(), network.state_dict()[name], rtol=1e-3, atol=1e-6)


def test_shards_stay_small_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_SHARD_BUDGET", 1000)
    state = {f"w{k}": torch.full((10, 10), float(k)) for k in range(7)}
    shards = export._shards(state)
    assert list(shards) == [f"weights-{k:02d}-of-04.safetensors" for k in (1, 2, 3, 4)]
    merged = {name: value for data in shards.values() for name, value in safetensors.torch.load(data).items()}
    assert merged.keys() == state.keys()
    assert all(torch.equal(merged[name], state[name]) for name in state)


def test_graph_holds_no_weights_and_no_paths(toys: dict[Task, LoadedPackage]) -> None:
    import onnx

    for package in toys.values():
        assert package.graph is not None
        proto = onnx.load_model_from_string(package.graph)
        outside = [i for i in proto.graph.initializer if i.data_location == onnx.TensorProto.EXTERNAL]
        inside = [i for i in proto.graph.initializer if i.data_location != onnx.TensorProto.EXTERNAL]
        assert {i.name for i in outside} == set(package.state)
        assert sum(len(i.raw_data) for i in inside) < 200
        assert b".py" not in package.graph


def test_writing_never_overwrites(toys: dict[Task, LoadedPackage]) -> None:
    package = toys[Task.SEGMENTATION]
    with pytest.raises(OutputError, match="exists already"):
        export.write_package(
            package.info.folder,
            package.network(),
            identity=package.manifest,
            preprocess=package.preprocess,
            calibration=package.calibration,
            evaluation=package.evaluation,
            card="",
        )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"licence": ""}, "licence"),
        ({"schema_version": 2}, "newer MammoView"),
        ({"architecture": "transformer"}, "does not know"),
        ({"hyper_parameters": {"width": 100_000}}, "not allowed"),
        ({"task": "biopsy"}, "“task” is wrong"),
        ({"labels": ["benign", "malignant"]}, "label for each"),
        ({"run": "rm -r"}, "“run” is wrong"),
        ({"files": {}}, "does not name"),
    ],
)
def test_wrong_manifests_are_refused(toy_copy: Copy, changes: dict[str, object], reason: str) -> None:
    folder = toy_copy().folder
    edit_manifest(folder, **changes)
    with pytest.raises(ModelPackageError, match=reason):
        registry.read_info(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 200_000], ids=len)
def test_manifest_that_is_no_object_is_refused(toy_copy: Copy, content: bytes) -> None:
    folder = toy_copy().folder
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(ModelPackageError, match=r"not (a )?JSON"):
        registry.read_info(folder)


def test_huge_or_missing_manifest_is_refused(toy_copy: Copy) -> None:
    folder = toy_copy().folder
    (folder / "manifest.json").write_bytes(b" " * (5 << 20))
    with pytest.raises(ModelPackageError, match="too large"):
        registry.read_info(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelPackageError, match="missing"):
        registry.read_info(folder)


def test_pickles_code_and_strangers_are_refused(toy_copy: Copy) -> None:
    folder = toy_copy().folder
    (folder / "weights.pt").write_bytes(pickle.dumps({}))
    with pytest.raises(ModelPackageError, match="neither code nor pickles"):
        registry.read_info(folder)
    (folder / "weights.pt").unlink()
    (folder / "notes.md").write_text("hello")
    with pytest.raises(ModelPackageError, match=r"does not name notes\.md"):
        registry.read_info(folder)
    (folder / "notes.md").unlink()
    (folder / "calibration.json").unlink()
    with pytest.raises(ModelPackageError, match=r"lacks calibration\.json"):
        registry.read_info(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "graph.onnx", "preprocess.json", "calibration.json"])
def test_changed_file_is_refused(toy_copy: Copy, name: str) -> None:
    info = toy_copy()
    data = bytearray((info.folder / name).read_bytes())
    data[-2] ^= 1
    (info.folder / name).write_bytes(data)
    with pytest.raises(ModelPackageError, match="hash mismatch"):
        load(info)
    with pytest.raises(ModelPackageError, match="hash mismatch"):
        verify(info.folder, info.manifest)


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"head.weight": torch.full((1, 2, 1, 1), float("nan"))}, "not finite"),
        ({"head.weight": torch.zeros((1, 2, 1, 1), dtype=torch.float64)}, "neither float16 nor float32"),
    ],
)
def test_wrong_numbers_are_refused(toy_copy: Copy, tensors: dict[str, torch.Tensor], reason: str) -> None:
    info = toy_copy()
    rename_hash(info.folder, "weights.safetensors", safetensors.torch.save(tensors))
    with pytest.raises(ModelPackageError, match=reason):
        load(registry.read_info(info.folder))


def test_disguised_pickle_is_refused(toy_copy: Copy) -> None:
    info = toy_copy()
    rename_hash(info.folder, "weights.safetensors", pickle.dumps({"weight": 1}))
    with pytest.raises(ModelPackageError, match="not a safetensors file"):
        load(registry.read_info(info.folder))


def test_large_shard_is_refused(toy_copy: Copy) -> None:
    info = toy_copy()
    rename_hash(info.folder, "weights.safetensors", safetensors.torch.save({"w": torch.zeros(5 << 20)}))
    with pytest.raises(ModelPackageError, match="16 MiB"):
        load(registry.read_info(info.folder))


def test_weights_of_another_size_are_refused(toy_copy: Copy) -> None:
    info = toy_copy()
    edit_manifest(info.folder, hyper_parameters={"width": 4})
    with pytest.raises(ModelPackageError, match="do not fit"):
        load(registry.read_info(info.folder)).network()


def test_foreign_preprocess_is_refused(toy_copy: Copy) -> None:
    info = toy_copy()
    rename_hash(info.folder, "preprocess.json", b'{"image": {"rows": 64, "columns": 64, "exec": "x"}}')
    with pytest.raises(ModelPackageError, match=r"preprocess\.json cannot be understood"):
        load(registry.read_info(info.folder))


def test_registry_lists_newest_first_and_tells_what_it_refused(toy_copy: Copy) -> None:
    models = paths.user_models()
    models.mkdir(parents=True)
    first, other = toy_copy(Task.SEGMENTATION), toy_copy(Task.PATCH)
    second = first.folder.rename(models / "old")
    edit_manifest(second, version="1.9")
    newer = models / "new"
    newer.mkdir()
    for entry in second.iterdir():
        (newer / entry.name).write_bytes(entry.read_bytes())
    edit_manifest(newer, version="1.10")
    broken = other.folder.rename(models / "broken")
    edit_manifest(broken, licence="")
    known = registry.listing()
    mine = [info for info in known.packages if info.origin is Origin.USER]
    assert [info.key for info in mine] == ["toy-segmentation@1.10", "toy-segmentation@1.9"]
    assert [problem.path for problem in known.refused] == [str(broken)]
    assert known.packages[: len(mine)] == tuple(mine)
    assert registry.find("toy-segmentation").version == "1.10"
    assert registry.find("toy-segmentation@1.9").folder == second
    with pytest.raises(ModelPackageError, match="no licence"):
        registry.find("broken")
    with pytest.raises(ModelPackageError, match="no model called"):
        registry.find("absent")


def test_activating_and_going_back(toy_copy: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "shipped_models", lambda: tmp_path / "none")
    info = registry.install(toy_copy().folder)
    assert registry.active(Task.SEGMENTATION) == (info,)
    second = info.folder.with_name("second")
    second.mkdir()
    for entry in info.folder.iterdir():
        (second / entry.name).write_bytes(entry.read_bytes())
    edit_manifest(second, version="2.0")
    newest = registry.find("toy-segmentation@2.0")
    assert registry.active("segmentation") == (newest,)
    registry.activate(info)
    assert registry.active(Task.SEGMENTATION) == (info,)
    registry.activate(newest)
    assert registry.active(Task.SEGMENTATION) == (newest,)
    (paths.user_models() / "active.json").write_text("damaged")
    assert registry.active(Task.SEGMENTATION) == (newest,)


def test_no_package_for_a_task_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "shipped_models", lambda: tmp_path / "none")
    assert registry.packages() == ()
    assert registry.active(Task.WHOLE_IMAGE) == ()


def test_zip_round_trip_installs_once(toy_copy: Copy, tmp_path: Path) -> None:
    info = toy_copy()
    archive = registry.pack(info, tmp_path / "site")
    assert archive.suffix == ".mvmodel"
    installed = registry.install(archive)
    assert installed.folder.parent == paths.user_models()
    assert installed.sha256 == info.sha256
    load(installed).network()
    with pytest.raises(ModelPackageError, match="installed already"):
        registry.install(archive)
    assert [entry.name for entry in paths.user_models().iterdir()] == [installed.folder.name]


@pytest.mark.parametrize("name", ["../evil.json", "/evil.json", "folder/evil.json", "folder/"])
def test_zip_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.mvmodel"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(name, "{}")
    with pytest.raises(ModelPackageError, match="flat"):
        registry.install(archive)
    assert not list(paths.user_models().iterdir())


def test_zip_bomb_and_junk_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "big.mvmodel"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("weights.safetensors", b"\0" * 5000)
    with monkeypatch.context() as smaller:
        smaller.setattr(registry, "_MAX_PACKAGE_BYTES", 4000)
        with pytest.raises(ModelPackageError, match="2 GiB"):
            registry.install(archive)
    damaged = bytearray(archive.read_bytes())
    damaged[len("weights.safetensors") + 34] ^= 0xFF
    archive.write_bytes(damaged)
    with pytest.raises(ModelPackageError, match="not a readable zip"):
        registry.install(archive)
    junk = tmp_path / "junk.mvmodel"
    junk.write_bytes(b"PK junk")
    with pytest.raises(ModelPackageError, match="not a readable zip"):
        registry.install(junk)


def test_install_checks_every_hash(toy_copy: Copy) -> None:
    info = toy_copy()
    (info.folder / "MODEL_CARD.md").write_text("better than it is")
    with pytest.raises(ModelPackageError, match="hash mismatch"):
        registry.install(info.folder)


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("evil"),))  # type: ignore[return-value]


def test_torch_files_come_in_without_their_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = {"module.conv.weight": torch.arange(4.0), "conv.bias": torch.ones(2)}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "good.pt")
    saved = resave(tmp_path / "good.pt", tmp_path / "good.safetensors")
    again = read_checkpoint(saved)
    assert set(again) == {"conv.weight", "conv.bias"}
    torch.testing.assert_close(again["conv.weight"], torch.arange(4.0))
    torch.save({"weight": _Evil()}, tmp_path / "bad.pt")
    with pytest.raises(ModelPackageError, match="more than tensors"):
        read_checkpoint(tmp_path / "bad.pt")
    assert not (tmp_path / "evil").exists()
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ModelPackageError, match="not a state dict"):
        read_checkpoint(tmp_path / "list.pth")
    (tmp_path / "empty.pt").write_bytes(b"")
    with pytest.raises(ModelPackageError, match="more than tensors"):
        read_checkpoint(tmp_path / "empty.pt")
    with pytest.raises(ModelPackageError, match="cannot be read"):
        read_checkpoint(tmp_path / "absent.pt")


def image(**changes: object) -> Mammogram:
    words: dict[str, object] = {
        "intent": PresentationIntent.FOR_PRESENTATION,
        "view": ViewPosition.CC,
        **changes,
    }
    return Mammogram("1", "/x", SourceKind.DICOM, 10, 10, Grayscale(bits_stored=12), **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"intent": None}, ""),
        ({"intent": PresentationIntent.FOR_PROCESSING}, "For Processing"),
        ({"view": None}, "unknown"),
        ({"view": ViewPosition.ML}, "ML views"),
        ({"modifiers": (ViewModifier.SPOT, ViewModifier.MAGNIFICATION)}, "spot, magnification"),
        ({"is_tomosynthesis": True}, "Tomosynthesis"),
    ],
)
def test_contract_says_why_not(changes: dict[str, object], reason: str) -> None:
    said = InputContract().reason_against(image(**changes))
    assert (reason in said) if reason else (said == "")
