#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bindings at length: many random types through guests of every language, and a component in Python, built and run on wasmtime.

Prints one JSON object and exits with 1 when a value came back changed. Takes some minutes: componentize-py and the compilation of
the 18 MB that it makes take half a minute each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import wasmtime

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import sdk_guests  # noqa: E402
from tests.support.sdk_engines import check  # noqa: E402

from motet.components.build import build  # noqa: E402
from motet.components.sdk import bindings, templates  # noqa: E402
from motet.components.testing import Host, open_component  # noqa: E402

_TYPES, _ROUNDS = 24, 24


def compiled(language: str, worlds: int) -> int:
    """Values that went through guests of a language, of so many random contracts."""
    values = 0
    for number in range(worlds):
        text = sdk_guests.contract(sdk_guests.functions(sdk_guests.random_types(f"soak {number}", _TYPES)))
        with tempfile.TemporaryDirectory() as folder:
            values += check(language, text, wasmtime.Engine(), Path(folder), _ROUNDS)
    return values


def interpreted() -> dict[str, float]:
    """Sizes and seconds of a component in Python that counts messages and keeps their number."""
    kept: dict[str, bytes] = {}
    host = Host().answers("store.get", kept.get).answers("store.set", kept.__setitem__)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        built = build(templates.create(Path(folder), "tally", "python", "service").folder)
        made = time.monotonic()
        with open_component(built.path.parent, "wasmtime", host) as component:
            ready = time.monotonic()
            for number in range(1, 1001):
                assert (component.handle("a/b", b"hello"), component.call("total")) == (b"hello", number)
            calls = time.monotonic() - ready
    assert kept == {"count": (1000).to_bytes(4, "little")}
    return {"bytes": len(built.module), "build_s": made - start, "compile_s": ready - made, "call_us": calls / 2000 * 1e6}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=6, help="random contracts for each language")
    options = parser.parse_args()
    values = {one: compiled(one, options.worlds) for one in bindings.LANGUAGES if one != "python"}
    python = {name: round(value, 2) for name, value in interpreted().items()}
    print(json.dumps({"values": values, "python": python}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
