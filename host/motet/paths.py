# SPDX-License-Identifier: Apache-2.0
"""Where Motet's data files are: inside the installed package (motet.data.*), else in the repository."""

from importlib.util import find_spec
from pathlib import Path

# The data folders that exist; package data carries the same names below motet.data.
FOLDERS = ("boards", "wit", "models", "examples", "renode")
# host/motet/paths.py -> repository root, when Motet runs from its sources.
_ROOT = Path(__file__).resolve().parents[2]


def data(name: str) -> Path:
    """The folder of data files called `name` (one of FOLDERS).

    The repository wins when Motet runs from it, so that edits take effect without an installation.
    Raises FileNotFoundError when neither place has the folder, ValueError for a name that is not a data folder.
    """
    if name not in FOLDERS:
        raise ValueError(f"no data folder is called {name!r}; there are {', '.join(FOLDERS)}")
    source = repository()
    if source is not None and (source / name).is_dir():
        return source / name
    spec = find_spec(f"motet.data.{name}")
    if spec is not None and spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    raise FileNotFoundError(f"Motet's data folder {name!r} is missing: reinstall the motet package")


def repository() -> Path | None:
    """The root of the source tree, or None when Motet runs from an installed wheel."""
    return _ROOT if (_ROOT / "pyproject.toml").is_file() and (_ROOT / "firmware").is_dir() else None
