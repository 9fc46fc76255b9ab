# SPDX-License-Identifier: Apache-2.0
"""The packages of contracts that come with Motet: `motet:device`, `motet:nn`, `motet:component` and examples.

Contracts refer to them without further ado: `import motet:device/sensors@0.1.0`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from motet import paths
from motet.components.witparser import parse
from motet.components.wittree import Document

DEVICE, NN, COMPONENT = "motet:device", "motet:nn", "motet:component"


def read(folder: Path) -> list[Document]:
    """Every ``.wit`` file of the packages in `folder`, one folder for a package. Raises WitError."""
    return [document for package in sorted(folder.iterdir()) if package.is_dir() for document in read_folder(package)]


def read_folder(package: Path) -> list[Document]:
    """The ``.wit`` files of one package, whose name stands in one of them at least. Raises WitError."""
    found = [parse(file.read_text("utf-8"), f"{package.name}/{file.name}") for file in sorted(package.glob("*.wit"))]
    name = next((document.package for document in found if document.package), "")
    for document in found:
        document.package = document.package or name
    return found


@cache
def documents() -> tuple[Document, ...]:
    """Those of the data folder `wit`."""
    return tuple(read(paths.data("wit")))


def is_taken(package: str) -> bool:
    """Whether a package of that name comes with Motet, in any version."""
    return unversioned(package) in {unversioned(document.package) for document in documents()}


def unversioned(name: str) -> str:
    """`motet:device/log` for `motet:device/log@0.1.0`."""
    return name.partition("@")[0]
