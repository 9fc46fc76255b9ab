# SPDX-License-Identifier: Apache-2.0
"""Work on models in confined child processes: CBOR in, CBOR out, and a sentence when the child did not survive.

Nothing in this process parses a model. The reference interpreter can crash on a damaged one, and the classes of its schema take
whatever a file says; a child with limits on time and memory answers or dies, and either way this process goes on.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import cbor2

from motet import sandbox
from motet.models.inspection import ModelError

ENGINE = "motet.models.engine_child"
WHEEL = "motet.models.wheel_child"
GRAPH = "motet.models.graph_child"
#: What the optional part of the package brings; `pip install 'motet[models]'`.
WHEEL_VERSION = "0.dev20261023182759"
_BOUNDS = sandbox.Bounds(seconds=60, timeout=120.0, output=64 << 20)
_NEEDS = {WHEEL: ("tflite_micro", "numpy"), GRAPH: ("tflite_micro", "flatbuffers", "numpy")}


def has_wheel() -> bool:
    """Whether the optional tflite-micro wheel is installed."""
    return _missing(GRAPH) is None


def ask(module: str, request: dict[str, Any], what: str) -> dict[str, Any]:
    """The answer of a child. Raises ModelError, which begins with ``what``, when it refuses, dies or cannot be started."""
    missing = _missing(module)
    if missing is not None:
        raise ModelError(f"{what}: this needs {missing}, which is not installed: pip install 'motet[models]'")
    done = sandbox.run_python(module, cbor2.dumps(request), _BOUNDS)
    if done.status != 0:
        detail = (done.errors.strip().splitlines() or ["no word"])[-1][:300]
        raise ModelError(f"{what}: the process that works on it {done.how}: {detail}")
    try:
        answer: dict[str, Any] = cbor2.loads(done.output)
    except cbor2.CBORDecodeError:
        raise ModelError(f"{what}: the process that works on it said too much") from None
    if "refused" in answer:
        raise ModelError(f"{what}: {answer['refused']}")
    return answer


def _missing(module: str) -> str | None:
    for name in _NEEDS.get(module, ()):
        if find_spec(name) is None:
            return name.replace("_", "-")
    return None
