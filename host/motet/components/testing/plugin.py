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
    if not marker and (places := _gateway_places(metafunc.definition.path)):
        names = [name for name in os.environ.get(VARIABLE, "").replace(",", " ").split() if name in places] or [places[0]]
    metafunc.parametrize("component", names, indirect=True)


def _gateway_places(test: Path) -> tuple[str, ...]:
    from motet.components.errors import ComponentError
    from motet.components.manifest import load
    from motet.components.testing.component import folder_of, gateway_places

    try:
        return gateway_places(load(folder_of(test)))
    except ComponentError:
        return ()  # The fixture says why.


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
