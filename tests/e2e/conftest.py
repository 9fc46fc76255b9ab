# SPDX-License-Identifier: Apache-2.0
"""For tests of the device core as a process: on CPython, and as the edge node."""

import os
import sys
from pathlib import Path

import pytest

EDGE = Path(os.environ.get("MOTET_EDGE", Path(__file__).resolve().parents[2] / "build/edge/motet-edge"))
COMMANDS = {"cpython": [sys.executable, "-m", "motet_core"], "edge": [str(EDGE)]}


@pytest.fixture(params=sorted(COMMANDS))
def command(request):
    """The command line that starts one, without options."""
    if request.param == "edge" and not EDGE.exists() and not os.environ.get("MOTET_CI"):
        pytest.skip(f"{EDGE} is missing: make -C firmware/edge")
    return COMMANDS[request.param]
