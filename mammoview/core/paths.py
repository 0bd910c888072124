"""Where the program's own files and the user's files lie."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import platformdirs

from mammoview.core.errors import InputError


def resource(name: str) -> Path:
    """A file or folder of ``resources/``: inside the installed package, or beside it in a checkout.

    Parameters
    ----------
    name
        Relative path, ``schema/result-1.json`` for example.

    Raises
    ------
    InputError
        When the installation lacks it.
    """
    return _installed("resources", name)


def site_folds() -> Path:
    """The table of folds of the public data (``splits/site.csv``).

    Raises
    ------
    InputError
        When the installation lacks it.
    """
    return _installed("splits", "site.csv")


def _installed(folder: str, name: str) -> Path:
    package = Path(str(resources.files("mammoview")))
    for root in (package / folder, package.parent / folder):
        if (root / name).exists():
            return root / name
    raise InputError(f"The installation lacks its file {name}.", "Install MammoView again.")


def shipped_models() -> Path:
    """The folder of model packages that came with the program."""
    return resource("models")


def user_data() -> Path:
    """The user's folder for models, logs and the worklist (``MAMMOVIEW_HOME`` names another)."""
    home = os.environ.get("MAMMOVIEW_HOME")
    return Path(home) if home else Path(platformdirs.user_data_dir("mammoview", appauthor=False))


def user_config() -> Path:
    """The user's settings file."""
    home = os.environ.get("MAMMOVIEW_HOME")
    folder = Path(home) if home else Path(platformdirs.user_config_dir("mammoview", appauthor=False))
    return folder / "settings.toml"


def user_hanging() -> Path:
    """The user's own hanging protocols, beside the settings."""
    return user_config().with_name("hanging.toml")


def user_models() -> Path:
    """The folder of model packages that the user installed or tuned."""
    return user_data() / "models"


def display_checks() -> Path:
    """The log of display checks."""
    return user_data() / "display-checks.jsonl"


def demo_study() -> Path:
    """Where the synthetic demo study is written on first use."""
    return user_data() / "demo"
