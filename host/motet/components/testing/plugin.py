# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: fixtures ``component`` and ``host``, marker ``components(on=[...])``. Comes with Motet by itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from motet.components.testing import Component, Host

VARIABLE = "MOTET_TEST_ON"
_GATEWAYS = ("python", "wasmtime")


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line("markers", "components(on): engines and boards that the fixture `component` runs on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each engine, unless the test is parametrised otherwise or has a fixture of its own."""
    definitions = getattr(metafunc, "_arg2fixturedefs", {}).get("component", ())
    if "component" not in metafunc.fixturenames or not definitions or definitions[-1].func.__module__ != __name__:
        return
    marker = metafunc.definition.get_closest_marker("components")
    chosen = os.environ.get(VARIABLE, "").replace(",", " ").split() or ["wasmtime", "native"]
    names = list(marker.kwargs.get("on") or marker.args[0]) if marker else chosen
    if "host" in metafunc.fixturenames and not marker:
        # What boards have instead cannot be played.
        names = [name for name in names if name in ("wasmtime", "native")] or ["wasmtime", "native"]
    if not marker and _in_python(metafunc.definition.path):
        # As it was built only when somebody asks for it: that takes half a minute.
        names = [name for name in os.environ.get(VARIABLE, "").replace(",", " ").split() if name in _GATEWAYS] or ["python"]
    metafunc.parametrize("component", names, indirect=True)


def _in_python(test: Path) -> bool:
    from motet.components.errors import ComponentError
    from motet.components.manifest import load
    from motet.components.testing.component import folder_of

    try:
        build = load(folder_of(test)).build
    except ComponentError:
        return False  # The fixture says why.
    return build is not None and build.language == "python"


def pytest_sessionfinish() -> None:
    """Emulated boards end with the tests."""
    board = sys.modules.get("motet.components.testing.board")
    if board is not None:
        board.stop_boards()


@pytest.fixture
def host() -> Host:
    """What the component imports, played by the test."""
    from motet.components.testing import Host

    return Host()


@pytest.fixture
def component(request: pytest.FixtureRequest) -> Iterator[Component]:
    """The component of the nearest folder above the test, fresh for each test, on each engine in turn."""
    from motet.components.testing.component import Component, folder_of

    played = request.getfixturevalue("host") if "host" in request.fixturenames else None
    with Component(folder_of(request.path), request.param, played) as running:
        yield running
