# SPDX-License-Identifier: Apache-2.0
"""WASI for components on gateways: each function is checked against the grant, and nothing is behind it that was not granted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support import wasi_guest
from wasmtime import component as wc

from motet.components import wit
from motet.components.capabilities import by_interface
from motet.components.errors import ComponentError
from motet.components.jit import Trap, cancel, wasilink
from motet.components.jit.code import engine
from motet.components.jit.whole import Compiled, Whole
from motet.components.testing import Host, open_component
from motet.components.wasi import clocks, entropy, groups, streams, table
from motet_core import capability, cbor, grant_limits, imports
from motet_core.device import Device
from motet_core.errors import Denied, Refused, ToolError
from motet_core.grant import Grant
from motet_core.imports import Imports
from motet_core.port import pair
from motet_core.wire import packed

WORLD = wit.load(wasi_guest.CONTRACT)
EXPORTS = {function.name: function for function in WORLD.exports}
FUEL = 5000
HEAD = '[component]\nname = "guest"\nrevision = 1\ndescription = "d"\nwit = "guest.wit"\n'
EVERYTHING = {groups.NUMBER: [[number, 0] for number in range(len(groups.GROUPS))]}
FUNCTIONS = [(path, name) for path, offer in table.TABLE.items() for name in offer.rows]
IDS = ["#".join(each) for each in FUNCTIONS]


@pytest.fixture(scope="module")
def guest() -> Compiled:
    return Compiled(wc.Component(engine(), wasi_guest.component()))


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    monkeypatch.setattr(imports, "more", dict(table.TABLE))
    device = Device(pair()[0], id="gateway")
    device.clock = 1_700_000_000_000
    return device


def grant(limits: dict[int, Any], until: int | None = None) -> Grant:
    fields = {1: "guest", 2: 1, 3: bytes(32), 5: until, 6: limits, 7: 1}
    return Grant(cbor.dumps({number: value for number, value in fields.items() if value is not None}))


class Linked:
    """What ``Imports`` links: works by core name."""

    def __init__(self, rows: list[tuple[str, str]], device: Device, given: Grant | None) -> None:
        self._rows, self.works, self.counters = rows, {}, {}
        self.imports_of = Imports(device, "guest", given, self.counters)
        self.imports_of.link(self, None)

    def imports(self) -> list[tuple[str, str, str]]:
        return [(*row, "") for row in self._rows]

    def link_typed(self, module: str, name: str, _: Any, work: Callable[..., Any]) -> None:
        self.works[f"{module}#{name}"] = work


class Guest(Linked):
    def __init__(self, compiled: Compiled, device: Device, given: Grant, fuel: int = FUEL) -> None:
        super().__init__([(row[0], row[1]) for row in compiled.told["imports"]], device, given)
        self.whole = Whole(compiled, WORLD, self.works, fuel)

    def __call__(self, name: str, **given: Any) -> Any:
        self.whole.fuel = FUEL
        return self.whole.call(EXPORTS[name], given)


def lines(device: Device) -> list[tuple[str, Any]]:
    """What went into the device's log: level and text."""
    told = [packed.loads(each)[0]["params"] for each in device.outbox.waiting]
    device.outbox.waiting.clear()
    return [(line["level"], line["data"]) for line in told]


def one(path: str, name: str, device: Device, given: Grant | None) -> Linked:
    return Linked([(f"{path}@0.2.3", name)], device, given)


def test_it_waits_writes_and_throws_dice_and_gets_no_further(guest: Compiled, device: Device) -> None:
    run = Guest(guest, device, grant(EVERYTHING))
    assert run("nap", ms=20) >= 20
    assert run("dice") != run("dice")
    assert abs(run("date") - time.time()) < 60
    assert run("listen") is False
    run("say")
    assert lines(device) == [("info", "whole line"), ("info", "half")]
    assert run("knock") is False and run.counters["denials"] == 1
    denial = {"denied": "wasi:sockets/tcp-create-socket", "count": 1, "reason": "components have no network"}
    assert lines(device) == [("warning", denial)]
    with pytest.raises(ToolError, match="it has called exit"):
        run("leave")
    with pytest.raises(ToolError, match="1000 handles"):
        run("hoard")
    assert run("nap", ms=0) >= 0


@pytest.mark.parametrize(("path", "name"), FUNCTIONS, ids=IDS)
def test_every_function_is_linked_only_with_its_part_and_each_call_is_checked(path: str, name: str, device: Device) -> None:
    offer = table.TABLE[path]
    check, work, kind = offer.rows[name]
    assert callable(check) and callable(work) and kind in (capability.PLAIN, capability.VALUE, capability.EMPTY)
    assert issubclass(offer.kind, capability.Rated) and by_interface(f"{path}@0.2.0") is by_interface("wasi:io/poll")
    others = [[number, 0] for number in range(len(groups.GROUPS)) if number != offer.kind.group]
    for given in (None, grant({}), grant({grant_limits.LOG: [[0]]})):
        with pytest.raises(Refused, match="which this device does not grant"):
            one(path, name, device, given)
    if offer.kind.group is not None:
        with pytest.raises(Refused, match="which this device does not grant"):
            one(path, name, device, grant({groups.NUMBER: others}))
    for later, word in ((grant({}), "denied"), (grant(EVERYTHING, until=1_600_000_000), "expired")):
        linked = one(path, name, device, grant(EVERYTHING))
        linked.imports_of.renew(later)
        (work,) = linked.works.values()
        if kind == capability.PLAIN:
            with pytest.raises(Denied) as caught:
                work(None)
            assert caught.value.word == word
        else:
            assert work(None) == {"tag": "err", "val": word}
        assert linked.counters["denials"] == 1


def test_a_rate_is_kept_for_each_interface_and_lines_beyond_it_are_dropped(
    guest: Compiled, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grant_limits, "clock_ms", lambda: 0)
    limits = [[number, 2] for number in range(len(groups.GROUPS))]
    run = Guest(guest, device, grant({groups.NUMBER: limits}))
    assert run("dice") != run("dice")
    with pytest.raises(Denied, match="more often than the grant allows"):
        run("dice")
    for _ in range(2):
        run("say")
    # The first is the denial.
    assert lines(device)[1:] == [("info", "whole line"), ("info", "half")]


def test_what_a_stream_takes_becomes_lines_of_a_bounded_length(device: Device) -> None:
    def written(*parts: bytes) -> list[Any]:
        linked = one("wasi:cli/stderr", "get-stderr", device, grant(EVERYTHING))
        (work,) = linked.works.values()
        stream = work(None)
        for part in parts:
            stream.write(part)
        stream.close()
        return lines(device)

    assert written(b"a\n\nb", b"c\n") == [("warning", "a"), ("warning", ""), ("warning", "bc")]
    assert written(b"\xff\xfe") == [("warning", "\ufffd\ufffd")]
    (first, second) = [text for _, text in written("ä".encode() * 101 + b"x")]
    assert first + second == "ä" * 101 + "x" and len(first.encode()) == 200
    assert written() == []
    linked = one("wasi:cli/stdout", "get-stdout", device, grant(EVERYTHING))
    (work,) = linked.works.values()
    stream = work(None)
    stream.write(b"half a line")
    linked.imports_of.renew(grant({}))
    stream.close()
    with pytest.raises(Denied):
        stream.write(b"x")
    assert lines(device) == []


def test_sizes_are_bounded_before_anything_is_made_of_them(device: Device) -> None:
    (take,) = one("wasi:random/random", "get-random-bytes", device, grant(EVERYTHING)).works.values()
    assert len(take(None, entropy.MOST)) == entropy.MOST
    for many in (entropy.MOST + 1, (1 << 64) - 1):
        with pytest.raises(ToolError, match="at most 65536 are given"):
            take(None, many)
    out = streams.Output("info", None)  # type: ignore[arg-type]
    for name, given in (("write", bytes(streams.CHUNK + 1)), ("write-zeroes", (1 << 64) - 1)):
        (write,) = one("wasi:io/streams", f"[method]output-stream.{name}", device, grant(EVERYTHING)).works.values()
        assert write(None, out, given)["tag"] == "err" and not out.rest
    (poll,) = one("wasi:io/poll", "poll", device, grant(EVERYTHING)).works.values()
    with pytest.raises(ToolError, match="would never end"):
        poll(None, [])
    (after,) = one("wasi:clocks/monotonic-clock", "subscribe-duration", device, grant(EVERYTHING)).works.values()
    assert after(None, (1 << 64) - 1).instant == (1 << 64) - 1 and isinstance(after(None, 0), clocks.Pollable)


def test_waiting_costs_fuel_so_that_it_ends(guest: Compiled, device: Device) -> None:
    run = Guest(guest, device, grant(EVERYTHING))
    run.whole.fuel = 50
    with pytest.raises(Trap, match="out of fuel"):
        run.whole.call(EXPORTS["nap"], {"ms": 1 << 31})
    assert run("nap", ms=0) >= 0


def test_waiting_ends_after_a_minute_however_much_fuel_there_is(
    guest: Compiled, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wasilink, "LONGEST_S", 0.02)
    run = Guest(guest, device, grant(EVERYTHING))
    for _ in range(2):
        assert run("nap", ms=10) >= 10
    with pytest.raises(ToolError, match="it has waited for"):
        run("nap", ms=60)
    assert run("nap", ms=0) >= 0


def test_waiting_ends_when_the_call_is_cancelled(guest: Compiled, device: Device) -> None:
    run, waits = Guest(guest, device, grant(EVERYTHING)), threading.Event()
    work = run.works["wasi:io/poll@0.2.3#[method]pollable.block"]
    run.works["wasi:io/poll@0.2.3#[method]pollable.block"] = lambda *given: (waits.set(), work(*given))[1]
    run.whole = Whole(guest, WORLD, run.works, 1 << 20)
    ended: list[str] = []

    def call() -> None:
        with pytest.raises(Trap) as caught:
            run.whole.call(EXPORTS["nap"], {"ms": 1 << 31})
        ended.append(str(caught.value))

    thread = threading.Thread(target=call)
    thread.start()
    try:
        assert waits.wait(30)
        cancel()
        thread.join(30)
        assert ended == ["cancelled"]
    finally:
        cancel(False)
        thread.join()
    run.whole.fuel = FUEL
    assert run.whole.call(EXPORTS["nap"], {"ms": 0}) >= 0


def test_tests_of_a_component_have_the_parts_that_it_wants(tmp_path: Path) -> None:
    (tmp_path / "guest.wit").write_text(wasi_guest.CONTRACT)
    (tmp_path / "guest.wasm").write_bytes(wasi_guest.component())
    wanted = 'place = "gateway"\n[capabilities]\nwasi = ["clocks", "random", "stdio"{}]\n'
    (tmp_path / "Component.toml").write_text(HEAD + wanted.format(', "closed"'))
    host = Host()
    with open_component(tmp_path, "wasmtime", host) as opened:
        assert opened.call("nap", ms=1) >= 1 and opened.call("say") is True and opened.call("knock") is False
    assert host.log[:2] == [("info", "whole line"), ("info", "half")] and "no network" in host.log[2][1]
    (tmp_path / "Component.toml").write_text(HEAD + wanted.format(""))
    with pytest.raises(ComponentError, match="add 'closed' to wasi"):
        open_component(tmp_path, "wasmtime", host)
