"""``mammoview models``: list, show, verify, import, export, use, and what is refused with which reason."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mammoview.core import paths
from mammoview.models import registry
from mammoview.models.manifest import Task
from mammoview.models.networks import build

Run = Callable[..., tuple[int, str, str]]

SIZES = {"depths": [1, 1, 1, 1], "width": 8, "in_channels": 1}


@pytest.fixture
def package(toy_packages: Path, tmp_path: Path) -> Path:
    """A package folder that is not installed."""
    return Path(shutil.copytree(toy_packages / "patch", tmp_path / "mine"))


def installed() -> set[str]:
    folder = paths.user_models()
    return {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()


def edit(folder: Path, **changes: Any) -> None:
    words = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**words, **changes}))


def checkpoint(path: Path, **sizes: Any) -> Path:
    torch.manual_seed(1)
    torch.save(build("resnet-patch", {**SIZES, **sizes}).state_dict(), path)
    return path


@pytest.mark.usefixtures("toy_models")
def test_list_names_what_is_in_use(mammoview: Run) -> None:
    code, out, _ = mammoview("models", "list", "--json")
    assert code == 0
    rows = {row["id"]: row for row in json.loads(out)["packages"]}
    toy = rows["toy-patch"]
    assert (toy["task"], toy["origin"], toy["active"], toy["experimental"]) == ("patch", "user", True, False)
    assert toy["size_bytes"] == sum(entry.stat().st_size for entry in registry.find("toy-patch").folder.iterdir())
    assert toy["measured"] == "not measured"
    shipped = [row for row in rows.values() if row["origin"] == "shipped"]
    assert shipped
    assert not any(row["active"] for row in shipped if row["task"] in set(Task) - {"priors"})
    code, out, _ = mammoview("models", "list")
    assert code == 0
    assert "toy-patch@1.0" in out


def test_list_tells_what_was_refused(mammoview: Run, package: Path) -> None:
    target = Path(shutil.copytree(package, paths.user_models() / "broken"))
    edit(target, licence="")
    code, _, err = mammoview("models", "list")
    assert code == 0
    assert "no licence" in err


def test_show_tells_the_card_the_input_and_the_points(mammoview: Run) -> None:
    """Of the shipped packages: their numbers are what a reader looks up."""
    info = next(i for i in registry.packages() if i.calibration().operating_points)
    code, out, _ = mammoview("models", "show", info.key)
    assert code == 0
    assert info.manifest.name in out
    for point in info.calibration().operating_points:
        assert point.name in out
    code, out, _ = mammoview("models", "show", info.key, "--json")
    words = json.loads(out)
    assert words["preprocess"]["image"] or words["preprocess"]["patch"]
    assert words["calibration"]["temperature"] == info.calibration().temperature


def test_verify_runs_both_engines(mammoview: Run, package: Path) -> None:
    assert mammoview("models", "import", package)[0] == 0
    code, out, _ = mammoview("models", "verify", "toy-patch", "--json")
    assert code == 0
    (one,) = json.loads(out)
    assert one["files"] == 6
    assert one["difference"] <= 1e-4


def test_verify_finds_a_changed_byte(mammoview: Run, package: Path) -> None:
    assert mammoview("models", "import", package)[0] == 0
    file = registry.find("toy-patch").folder / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    code, out, _ = mammoview("models", "verify", "toy-patch")
    assert code == 3
    assert "hash" in " ".join(out.split())


def test_verify_finds_a_graph_of_other_weights(mammoview: Run, package: Path) -> None:
    """Every hash agrees, and still it is not one network: a graph that ends in another activation."""
    graph = (package / "graph.onnx").read_bytes()
    assert b"Relu" in graph
    (package / "graph.onnx").write_bytes(changed := graph.replace(b"Relu", b"Tanh", 1))
    words = json.loads((package / "manifest.json").read_text())
    edit(package, files={**words["files"], "graph.onnx": hashlib.sha256(changed).hexdigest()})
    code, _, err = mammoview("models", "import", package)
    assert code == 3
    assert "disagree" in err
    assert installed() == set()


def test_export_and_import_round_trip(mammoview: Run, package: Path, tmp_path: Path) -> None:
    code, out, _ = mammoview("models", "import", package)
    assert code == 0
    assert "models use toy-patch@1.0" in out, "the program's own default stays until the user says otherwise"
    target = tmp_path / "for-others.mvmodel"
    assert mammoview("models", "export", "toy-patch", target)[0] == 0
    written = target.read_bytes()
    code, _, err = mammoview("models", "export", "toy-patch", target)
    assert code == 3
    assert "exists already" in err
    assert mammoview("models", "export", "toy-patch", target, "--overwrite")[0] == 0
    assert target.read_bytes() == written
    code, _, err = mammoview("models", "import", target)
    assert code == 3
    assert "installed already" in err
    shutil.rmtree(registry.find("toy-patch").folder)
    assert mammoview("models", "import", target)[0] == 0
    assert not [entry for entry in tmp_path.iterdir() if entry.name.endswith(".part")]


def test_a_tampered_byte_is_refused(mammoview: Run, package: Path) -> None:
    data = bytearray((package / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (package / "weights.safetensors").write_bytes(data)
    code, _, err = mammoview("models", "import", package)
    assert code == 3
    assert "hash mismatch" in err
    assert installed() == set()


def test_an_unknown_architecture_is_refused(mammoview: Run, package: Path, tmp_path: Path) -> None:
    edit(package, architecture="transformer-9000")
    code, _, err = mammoview("models", "import", package)
    assert code == 3
    assert "transformer-9000" in err
    weights = checkpoint(tmp_path / "weights.pt")
    code, _, err = mammoview("models", "import", weights, "--architecture", "transformer-9000", "--licence", "MIT")
    assert code == 3
    assert "does not know" in err
    assert installed() == set()


def test_a_pickle_is_refused(mammoview: Run, package: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "exploded",))

    (package / "extra.pkl").write_bytes(pickle.dumps(Bomb()))
    code, _, err = mammoview("models", "import", package)
    assert code == 3
    assert "neither code nor pickles" in err
    for name in ("bomb.pt", "bomb.pkl", "bomb.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb()))
        given = ("--architecture", "resnet-patch", "--licence", "MIT")
        code, _, err = mammoview("models", "import", tmp_path / name, *given)
        assert code == 3
        assert "more than tensors" in err
    assert not (tmp_path / "exploded").exists()
    assert installed() == set()


def test_a_missing_licence_is_refused(mammoview: Run, package: Path, tmp_path: Path) -> None:
    edit(package, licence="")
    code, _, err = mammoview("models", "import", package)
    assert code == 3
    assert "no licence" in err
    code, _, err = mammoview("models", "import", checkpoint(tmp_path / "w.pt"), "--architecture", "resnet-patch")
    assert code == 2
    assert "--licence must be named" in err
    assert installed() == set()


def test_bare_weights_become_an_experimental_package(mammoview: Run, tmp_path: Path) -> None:
    weights = checkpoint(tmp_path / "My Net.pt")
    given = ("--architecture", "resnet-patch", "--sizes", json.dumps(SIZES), "--licence", "CC-BY-4.0")
    code, out, err = mammoview("models", "import", weights, *given)
    assert code == 0, err
    assert "models use my-net@1.0" in out
    info = registry.find("my-net")
    assert info.manifest.experimental
    assert info.manifest.licence == "CC-BY-4.0"
    assert registry.active(Task.PATCH) != (info,)
    code, _, err = mammoview("models", "import", weights, *given)
    assert code == 3
    assert "installed already" in err
    code, _, err = mammoview("models", "import", weights, *given[:2], "--licence", "MIT", "--id", "other")
    assert code == 3
    assert "not those of resnet-patch" in err
    assert installed() == {"my-net-1.0"}


@pytest.mark.parametrize("is_zipped", [False, True])
def test_a_monai_bundle_gives_its_tensors_alone(mammoview: Run, tmp_path: Path, *, is_zipped: bool) -> None:
    bundle = tmp_path / "bundle"
    for name in ("configs", "models"):
        (bundle / name).mkdir(parents=True)
    (bundle / "configs" / "metadata.json").write_text(json.dumps({"name": "Their net", "authors": "Somebody"}))
    (bundle / "configs" / "inference.json").write_text('{"x": "$__import__(\'os\').abort()"}')
    checkpoint(bundle / "models" / "model.pt")
    source = bundle
    if is_zipped:
        source = Path(shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path, "bundle"))
        assert "bundle/configs/metadata.json" in zipfile.ZipFile(source).namelist()
    given = ("--architecture", "resnet-patch", "--sizes", json.dumps(SIZES), "--licence", "Apache-2.0")
    code, _, err = mammoview("models", "import", source, *given, "--id", "theirs")
    assert code == 0, err
    info = registry.find("theirs")
    assert info.manifest.name == "Their net"
    assert "Somebody" in (info.folder / "MODEL_CARD.md").read_text()
    assert {entry.suffix for entry in info.folder.iterdir()} == {".json", ".md", ".onnx", ".safetensors"}


def test_use_takes_several_and_goes_back(mammoview: Run, package: Path) -> None:
    before = registry.active(Task.PATCH)
    assert mammoview("models", "import", package)[0] == 0
    second = package.with_name("second")
    shutil.copytree(package, second)
    edit(second, id="toy-second")
    assert mammoview("models", "import", second)[0] == 0
    code, out, _ = mammoview("models", "use", "toy-second", "toy-patch")
    assert code == 0
    assert "patch: toy-second@1.0, toy-patch@1.0" in out
    assert [info.id for info in registry.active(Task.PATCH)] == ["toy-second", "toy-patch"]
    assert mammoview("models", "use", "--default", "toy-patch")[0] == 0
    assert registry.active(Task.PATCH) == before
    code, _, err = mammoview("models", "use")
    assert code == 2
    assert "--default" in err
    assert mammoview("models", "use", "absent")[0] == 3


def test_a_model_named_models_does_not_hide_a_path(mammoview: Run) -> None:
    code, _, err = mammoview("models", "import", "no-such-file")
    assert code == 2
    assert "does not exist" in err
