# SPDX-License-Identifier: Apache-2.0
"""Looking at components and trying them without a gateway: inspect, run, test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motet.cli.console import Exit, FatalError, emit, say, show, stdout
from motet.cli.deploy import Source, package_of
from motet.cli.facts import lines
from motet.cli.options import Json, reporting, tool_arguments

if TYPE_CHECKING:
    from motet.components.packages import Package

ENGINES = ("wasmtime", "native")
_NO_TESTS = 5


@reporting
def inspect(source: Source, as_json: Json = False) -> None:
    """Show what is in a package: sections, imports, exports, contract, tools, limits, signatures. Nothing of it is run."""
    from motet.cli.attempt import attempt
    from motet.components import inspection

    package = package_of(source, None, None, None)
    facts = attempt(lambda: inspection.inspect(package))
    emit(facts, as_json, lambda: show("\n".join(lines(facts))))


@reporting
def run(
    source: Source,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Name of the tool, without the component's.")],
    arguments: Annotated[str, typer.Argument(metavar="JSON", help="Arguments as a JSON object.")] = "{}",
    on: Annotated[
        str | None, typer.Option("--on", metavar="ENGINE", help="native (default), wasmtime, an emulated board, python.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Call a tool of a component here, without a gateway: build it, admit it, start it, call it once.

    No signature is asked for: it runs in this process under its own limits, or on an emulated board, and nothing stays.
    """
    given = tool_arguments(arguments)
    _check_places([on] if on else [])
    with _folder(source) as module:
        place = on or _natural(module)
        value = _called(module, tool, given, place)
    emit({"on": place, "tool": tool, "value": value}, as_json, lambda: stdout.print_json(data=value))


def _called(module: Path, tool: str, given: dict[str, Any], on: str) -> Any:
    from motet.components.errors import ComponentError
    from motet.components.testing import NotPlayed, ToolError, open_component
    from motet.emulate import EmulatorError

    try:
        with open_component(module, on) as component:
            return component.call(tool, given)
    except ToolError as error:
        raise FatalError(f"{tool}: {error}", Exit.TOOL_ERROR) from error
    except NotPlayed as error:
        raise FatalError(f"{error}; `motet run` plays no imports, tests do: `motet test`", Exit.USAGE) from error
    except EmulatorError as error:
        raise FatalError(f"{on}: {error}", Exit.UNREACHABLE) from error
    except ComponentError as error:
        raise FatalError(str(error), Exit.USAGE) from error


def _natural(module: Path) -> str:
    """Where a component runs unless somebody says otherwise: as on devices, but for those that are for gateways."""
    from motet.cli.attempt import attempt
    from motet.components import manifest as manifests
    from motet.components.testing.component import gateway_places

    places = gateway_places(attempt(lambda: manifests.load(module))) if module.is_dir() else ()
    return places[0] if places else "native"


@contextmanager
def _folder(source: str) -> Iterator[Path]:
    """The folder of a component; of a package its module, with manifest and contract beside it."""
    if Path(source).is_dir():
        yield Path(source)
        return
    with _unpacked(package_of(source, None, None, None)) as module:
        yield module


@contextmanager
def _unpacked(package: Package) -> Iterator[Path]:
    from motet.components import componentfile, tools
    from motet.components import manifest as manifests
    from motet.components.packages import COMPONENT
    from motet.components.wasmfile import Module, sections

    if package.kind != COMPONENT:
        raise FatalError(f"{package.name} is a model: `motet model run` runs it", Exit.USAGE)
    manifest = manifests.parse(package.manifest)
    with tempfile.TemporaryDirectory(prefix="motet-run-") as scratch:
        folder = Path(scratch)
        (folder / manifests.FILE_NAME).write_text(package.manifest, "utf-8")
        (folder / manifest.wasm).write_bytes(package.content)
        if manifest.component.wit:
            core = componentfile.unbundle(package.content) if componentfile.is_component(package.content) else package.content
            (folder / manifest.component.wit).write_text(tools.embedded(Module(core, sections(core))), "utf-8")
        yield folder / manifest.wasm


@reporting
def test(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="The component's folder.")] = Path(),
    on: Annotated[
        list[str] | None, typer.Option("--on", metavar="ENGINE", help="wasmtime, native, an emulated board, python.")
    ] = None,
    select: Annotated[str, typer.Option("-k", metavar="WORDS", help="Only tests whose names fit, as in pytest.")] = "",
    as_json: Json = False,
) -> None:
    """Run the tests of a component on engines and emulated boards (default: wasmtime and native). Ends with 1 when one fails."""
    tests = folder / "tests"
    if not tests.is_dir():
        raise FatalError(f"{tests} is no folder: a component's tests are tests/test_*.py; `motet new` makes some", Exit.USAGE)
    places = [place for one in on or [] for place in one.split(",") if place]
    _check_places(places)
    with tempfile.TemporaryDirectory(prefix="motet-test-") as scratch:
        report = Path(scratch) / "report.xml"
        code = _pytest(tests, report, places, select, as_json)
        facts = _counted(report)
    facts = {"folder": str(folder), "on": places or list(ENGINES), **facts}
    if code == _NO_TESTS:
        raise FatalError(f"{tests}: no test there" + (f" whose name fits {select!r}" if select else ""), Exit.USAGE)
    emit(facts, as_json, lambda: say(f"{facts['passed']} passed, {facts['failed']} failed, {facts['skipped']} skipped"))
    if code:
        raise typer.Exit(int(Exit.FAILED))


def _pytest(tests: Path, report: Path, places: list[str], select: str, quiet: bool) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", str(tests)]
    environment = {**os.environ, **({"MOTET_TEST_ON": ",".join(places)} if places else {})}
    # What pytest says is for people; data has standard output for itself.
    done = subprocess.run([*command, *(["-k", select] if select else [])], env=environment, stdout=2 if quiet else None)
    if not report.is_file():
        raise FatalError(f"pytest ended with {done.returncode}; install it with: {sys.executable} -m pip install pytest")
    return done.returncode


def _counted(report: Path) -> dict[str, Any]:
    suite = ElementTree.parse(report).getroot().find("testsuite")
    if suite is None:
        return {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0}
    total, failed, errors, skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    bad = failed + errors
    return {"passed": total - bad - skipped, "failed": bad, "skipped": skipped, "seconds": float(suite.get("time", 0))}


def _check_places(places: list[str]) -> None:
    from motet import boards

    known = (*ENGINES, "python", *boards.names())
    for place in places:
        if place not in known:
            raise FatalError(f"{place!r:.40} is nothing to run on: there are {', '.join(known)}", Exit.USAGE)


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (inspect, run, test):
        app.command()(command)
