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
from typing import Any

import wasmtime
from wasmtime import component as wc

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import abi_engines, sdk_guests  # noqa: E402
from tests.support.sdk_engines import check  # noqa: E402

from motet.components.build import build  # noqa: E402
from motet.components.sdk import bindings, templates  # noqa: E402

_TYPES, _ROUNDS = 24, 24
_STORE, _LOG = "motet:device/store@0.1.0", "motet:device/log@0.1.0"


def compiled(language: str, worlds: int) -> int:
    """Values that went through guests of a language, of so many random contracts."""
    values = 0
    for number in range(worlds):
        text = sdk_guests.contract(sdk_guests.functions(sdk_guests.random_types(f"soak {number}", _TYPES)))
        with tempfile.TemporaryDirectory() as folder:
            values += check(language, text, wasmtime.Engine(), Path(folder), _ROUNDS)
    return values


class Service:
    """The template `service` in Python on wasmtime, with a store of its own."""

    def __init__(self, binary: bytes) -> None:
        self.kept: dict[str, bytes] = {}
        engine = wasmtime.Engine()
        linker = wc.Linker(engine)
        with linker.root() as root:
            with root.add_instance(_STORE) as store:
                store.add_func("get", lambda _, key: wc.Variant("ok", self._get(key)))
                store.add_func("set", self._set)
            with root.add_instance(_LOG) as log:
                log.add_func("write", lambda *_: None)
        component = wc.Component(engine, binary)
        linker.define_unknown_imports_as_traps(component)
        self._store = wasmtime.Store(engine)
        self._instance = linker.instantiate(self._store, component)

    def call(self, path: str, name: str, *values: Any) -> Any:
        found: Any = self._instance.get_export_index(self._store, path) if path else None
        index = self._instance.get_export_index(self._store, name, found)
        function = self._instance.get_func(self._store, index)
        assert function is not None, name
        value = function(self._store, *values)
        function.post_return(self._store)
        return value

    def _get(self, key: str) -> wc.Variant:
        return wc.Variant("some", self.kept[key]) if key in self.kept else wc.Variant("none")

    def _set(self, _: Any, key: str, value: Any) -> wc.Variant:
        self.kept[key] = bytes(value)
        return wc.Variant("ok", None)


def interpreted() -> dict[str, float]:
    """Sizes and seconds of a component in Python that counts messages and keeps their number."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        built = build(templates.create(Path(folder), "tally", "python", "service").folder)
        made = time.monotonic()
        service = Service(built.module)
        ready = time.monotonic()
    assert service.call("motet:component/lifecycle@0.1.0", "init").tag == "ok"
    message = wc.Record()
    fields = {"topic": "a/b", "sender": "x", "answers": wc.Variant("none"), "failure": wc.Variant("none"), "data": b"hello"}
    for name, value in fields.items():
        setattr(message, name, value)
    for number in range(1, 1001):
        answer = service.call("motet:component/handler@0.1.0", "handle", message)
        assert (answer.tag, bytes(answer.payload), service.call("", "total")) == ("ok", b"hello", number)
    assert service.kept == {"count": (1000).to_bytes(4, "little")}
    calls = time.monotonic() - ready
    return {"bytes": len(built.module), "build_s": made - start, "compile_s": ready - made, "call_us": calls / 2000 * 1e6}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=6, help="random contracts for each language")
    options = parser.parse_args()
    undo = abi_engines.tagged_variants()
    try:
        values = {one: compiled(one, options.worlds) for one in bindings.LANGUAGES if one != "python"}
        python = {name: round(value, 2) for name, value in interpreted().items()}
    finally:
        undo()
    print(json.dumps({"values": values, "python": python}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
