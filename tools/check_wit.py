#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the contract packages in wit/ with those that were released, in wit/released/<package>-<version>/.

Without arguments: exit code 1 when a package breaks components of its newest release without saying so in its version.
--release: keeps a copy of each package whose version has no copy yet.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from motet.components import witdiff, witlibrary
from motet.components.witdiff import Package
from motet.components.witlexer import WitError

ROOT = Path(__file__).resolve().parents[1]


def released(wit: Path) -> dict[str, Package]:
    """The newest release of each package, by name without version."""
    newest: dict[str, Package] = {}
    now = witlibrary.read(wit)
    for folder in sorted((wit / "released").glob("*-*")):
        # Packages refer to each other: what is not of this copy is as it is now.
        own = witlibrary.read_folder(folder)
        names = {document.package for document in own}
        known = [*own, *(document for document in now if document.package not in names)]
        for name, package in witdiff.packages(known).items():
            if name not in {witlibrary.unversioned(full) for full in names}:
                continue
            if name not in newest or witdiff.numbers(newest[name].version) < witdiff.numbers(package.version):
                newest[name] = package
    return newest


def problems(wit: Path) -> list[str]:
    """One sentence for each package whose version does not say what has changed."""
    now, found = witdiff.packages(witlibrary.read(wit)), []
    for name, old in released(wit).items():
        found.append(witdiff.problem(old, now[name]) if name in now else f"{name}: released as {old.version}, and gone")
    return [problem for problem in found if problem is not None]


def release(wit: Path) -> list[Path]:
    """Copies what has no copy yet; the folders that were made."""
    made = []
    for name, package in witdiff.packages(witlibrary.read(wit)).items():
        short = name.partition(":")[2]
        folder = wit / "released" / f"{short}-{package.version}"
        if not folder.exists():
            shutil.copytree(wit / short, folder)
            made.append(folder)
    return made


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", action="store_true", help="keep copies of the versions that have none")
    arguments = parser.parse_args()
    try:
        found = problems(ROOT / "wit")
        for problem in found:
            print(f"wit: {problem}", file=sys.stderr)
        if arguments.release and not found:
            for folder in release(ROOT / "wit"):
                print(f"wit: {folder.relative_to(ROOT)} is released")
    except (WitError, ValueError) as error:
        print(f"wit: {error}", file=sys.stderr)
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
