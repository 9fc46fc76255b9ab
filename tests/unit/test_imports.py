# SPDX-License-Identifier: Apache-2.0
"""All that components can import: every function of the contracts has a check, and that check stands before the work."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from motet_native import wasm
from tests.support.import_probe import Probe
from tests.support.import_probe import module as guest

from motet.components import capabilities, imported, witlibrary, witpackages
from motet.components.samples import sample
from motet.components.wittypes import Enum, Function, Primitive, Result
from motet_core import capability, cbor, grant_limits, imports
from motet_core.canonical_types import Types
from motet_core.device import Device
from motet_core.errors import Denied, Refused
from motet_core.grant import Grant
from motet_core.port import pair

# Interfaces that devices offer, straight from the files: nothing is left out that somebody forgot elsewhere.
OFFERED = [
    interface
    for package in (witlibrary.DEVICE, witlibrary.NN)
    for interface in witpackages.interfaces(package)
    if interface.functions
]
FUNCTIONS = [function for interface in OFFERED for function in interface.functions]
WITH_ARGUMENTS = [f for f in FUNCTIONS if f.params and f.name not in ("write", "keys")]
NAMES = [function.core_name for function in FUNCTIONS]
# What covers nothing that a sample asks for, by kind of value.
ELSEWHERE = {"p": "elsewhere", "n": "elsewhere", "t": "elsewhere", "u": 77777, "r": 0, "2": 0, "3": 0, "4": 0}
EVERYTHING = {"p": "*", "n": "sample", "t": "*", "u": 4096, "r": 0, "2": 1, "3": 0, "4": 0}
TOPICS = {"subscribe": 1, "unsubscribe": 1, "request": 2, "send": 2, "call": 2}


@pytest.fixture
def device() -> Device:
    device = Device(pair()[0], id="dut")
    device.clock = 1_700_000_000_000
    return device


def grant(limits: dict[int, Any], **more: Any) -> Grant:
    fields = {1: "probe", 2: 1, 3: bytes(32), 5: more.get("until"), 6: limits, 7: 1}
    return Grant(cbor.dumps({number: value for number, value in fields.items() if value is not None}))


def number(function: Function) -> int:
    return imports.TABLE[function.interface.partition("@")[0]][0]


def entries(function: Function, values: dict[str, Any]) -> dict[int, Any]:
    """One entry with these values for the capability of a function."""
    entry = [values[kind] for kind in grant_limits.SHAPES[number(function)]]
    if number(function) == grant_limits.MESSAGING:
        entry[0] = TOPICS.get(function.name, 0)
    return {number(function): [entry]}


def covering(function: Function) -> Grant:
    """A grant for the call that `arguments` makes."""
    # The sample's pin and address; a quota.
    numbers = {grant_limits.GPIO: 2, grant_limits.BUS: 3}
    return grant(entries(function, {**EVERYTHING, "u": numbers.get(number(function), 4096)}))


def arguments(function: Function) -> list[Any]:
    return [sample(param.type, 2, place) for place, param in enumerate(function.params)]


def outcome(probe: Probe, function: Function) -> str:
    """The word of the typed error, or of the denial that ended the call."""
    try:
        answer = probe(*arguments(function))
    except Denied as error:
        assert not isinstance(function.result, Result), "a typed error was possible"
        return str(error.word)
    if not isinstance(function.result, Result):
        return "done"
    return "done" if answer["tag"] == "ok" else str(answer["val"])


def test_there_are_capabilities_for_all_interfaces_and_for_nothing_else() -> None:
    assert set(imports.TABLE) == {witlibrary.unversioned(interface.path) for interface in OFFERED}
    # WASI is on gateways only, and has tests of its own (test_wasi.py).
    numbers = [*(row[0] for row in imports.TABLE.values()), grant_limits.WASI]
    assert sorted(numbers) == list(range(1, len(grant_limits.SHAPES))) and not imports.more
    assert all(interface.path.rpartition("@")[2].startswith(imports.VERSION + ".") for interface in OFFERED)
    assert [each.number for each in capabilities.known().values()] == list(range(1, len(OFFERED) + 2))


@pytest.mark.parametrize("interface", OFFERED, ids=lambda interface: interface.path)
def test_every_function_has_a_check_and_a_work_and_its_kind_of_result(interface: Any) -> None:
    kind, rows = imports.functions(witlibrary.unversioned(interface.path))
    assert set(rows) == {function.name for function in interface.functions}
    for function in interface.functions:
        check, work, result = rows[function.name]
        assert callable(check) and callable(work) and check is not work
        expected = capability.VALUE if isinstance(function.result, Result) else capability.PLAIN
        if isinstance(function.result, Result) and function.result.ok is None:
            expected = capability.EMPTY
        assert result == expected, function.core_name
        assert issubclass(kind, capability.Capability)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_no_import_is_linked_without_its_capability(function: Function, device: Device) -> None:
    others = {
        n: [[EVERYTHING[kind] for kind in shape]] for n, shape in enumerate(grant_limits.SHAPES) if n and n != number(function)
    }
    for given in (None, grant({}), grant(others)):
        with pytest.raises(Refused) as caught:
            Probe(function, device, given)
        assert f"{function.interface}.{function.name}, which this device does not grant" in caught.value.message


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_every_call_is_denied_once_the_capability_is_gone(function: Function, device: Device) -> None:
    probe = Probe(function, device, grant(entries(function, EVERYTHING)))
    probe.imports.renew(grant({}))
    assert outcome(probe, function) == "denied"
    assert probe.counters["denials"] == 1 and not device.outbox.dropped


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_every_call_is_denied_when_the_grant_has_ended(function: Function, device: Device) -> None:
    probe = Probe(function, device, grant(entries(function, EVERYTHING), until=1_600_000_000))
    assert outcome(probe, function) == "expired"
    device.clock = None
    assert outcome(probe, function) == "expired"
    assert probe.counters["denials"] == 2


@pytest.mark.parametrize("function", WITH_ARGUMENTS, ids=lambda function: function.core_name)
def test_arguments_that_the_grant_does_not_cover_are_denied(function: Function, device: Device) -> None:
    probe = Probe(function, device, grant(entries(function, ELSEWHERE)))
    assert outcome(probe, function) == "denied"


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
def test_what_is_granted_is_not_denied(function: Function, device: Device) -> None:
    probe = Probe(function, device, covering(function))
    assert outcome(probe, function) in ("done", "not-found", "unavailable", "invalid"), function.core_name
    assert probe.counters["denials"] == 0


def test_every_word_that_a_guest_can_see_is_in_its_contract() -> None:
    words = {"denied", "limited", "expired", "full", "not-found", "busy", "timeout", "invalid", "unavailable"}
    error = dict(next(i for i in witpackages.interfaces(witlibrary.DEVICE) if i.name == "types").types)["error"]
    assert isinstance(error, Enum) and {case.name for case in error.cases} == words


def test_names_of_both_conventions_lead_to_the_same_function(device: Device) -> None:
    for module in ("motet:device/clock@0.1.0", "motet:device/clock@0.1.7", "cm32p2|motet:device/clock@0.1"):
        assert imports.find(module) == "motet:device/clock"
    for module in (
        "motet:device/clock",
        "motet:device/clock@0.10.0",
        "motet:device/clock@1.0.0",
        "motet:device/clocks@0.1.0",
        "",
        "env",
    ):
        assert imports.find(module) is None
    function = Function("tell", (), Primitive("u64"), interface="motet:device/clock@0.1.0")
    with pytest.raises(Refused, match="does not have"):
        Probe(function, device, grant({grant_limits.CLOCK: [[0]]}))


HOSTILE = (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFFC, 65535, 65536)


@pytest.mark.parametrize("function", WITH_ARGUMENTS, ids=lambda function: function.core_name)
def test_core_values_that_make_no_sense_end_the_call_and_nothing_else(function: Function, device: Device) -> None:
    rng = random.Random(function.core_name)
    params = imported.signature(Types(guest(function)[1]), function.core_name)[2:-1]
    everything = covering(function)
    for _ in range(60):
        probe = Probe(function, device, everything)
        values = [rng.choice(HOSTILE) if kind == "i" else 0 for kind in params]
        with contextlib.suppress(wasm.Error, Denied, ValueError):
            probe.raw(*values)
        probe.instance.close()
    # The device still serves.
    assert outcome(Probe(function, device, everything), function) != "denied"


def test_a_list_of_four_billion_items_is_refused_before_anything_is_made_of_it(device: Device) -> None:
    function = next(f for f in FUNCTIONS if f.core_name.endswith("store@0.1.0#set"))
    probe = Probe(function, device, grant(entries(function, EVERYTHING)))
    for address, length in ((0, 0xFFFFFFFF), (65536, 1), (0xFFFFFFFF, 2), (1, 65536)):
        with pytest.raises(wasm.Error):
            probe.raw(0, 1, address, length, 1024)
    assert device.services.state.usage("probe") == 0


def test_text_that_is_none_never_reaches_the_device(device: Device) -> None:
    function = next(f for f in FUNCTIONS if f.core_name.endswith("log@0.1.0#write"))
    probe = Probe(function, device, grant({grant_limits.LOG: [[0]]}))
    probe.instance.write(100, b"\xff\xfe")
    for values in ((1, 100, 2), (99, 0, 0), (1, 0xFFFFFFF0, 100)):
        with pytest.raises(wasm.Error):
            probe.raw(*values)
    assert not device.outbox.waiting


def test_what_an_implementation_raises_is_a_typed_error_and_stays_inside(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    function = next(f for f in FUNCTIONS if f.core_name.endswith("gpio@0.1.0#get"))
    probe = Probe(function, device, grant({grant_limits.GPIO: [[2, 0, 0]]}))
    monkeypatch.setattr(type(device.pins), "get", lambda *_: 1 / 0)
    assert probe(2) == {"tag": "err", "val": "unavailable"}
    assert any("ZeroDivisionError" in line for line in device.port.logs) and probe.counters["denials"] == 0


def test_a_pin_a_bus_and_a_model_do_their_work(device: Device) -> None:
    def probe(name: str, limits: dict[int, Any]) -> Probe:
        return Probe(next(f for f in FUNCTIONS if f.core_name.endswith(name)), device, grant(limits))

    out = {grant_limits.GPIO: [[5, 1, 0]]}
    assert device.pins.label == "simulated"
    assert probe("gpio@0.1.0#set", out)(5, True) == {"tag": "ok", "val": None} or device.pins.get(5, False)
    assert probe("gpio@0.1.0#get", out)(5) == {"tag": "ok", "val": True}
    assert probe("gpio@0.1.0#set", {grant_limits.GPIO: [[5, 0, 0]]})(5, True) == {"tag": "err", "val": "denied"}
    thermometer = {grant_limits.BUS: [["sim-i2c", 0x48, 0]]}
    answer = probe("bus@0.1.0#i2c-transfer", thermometer)("sim-i2c", 0x48, b"\0", 2)
    assert 15 < (int.from_bytes(answer["val"], "big") >> 5) / 8 < 35
    assert probe("bus@0.1.0#i2c-transfer", thermometer)("sim-i2c", 0x49, b"", 2)["val"] == "denied"
    absent = {grant_limits.BUS: [["i2c0", 0x48, 0], ["sim-i2c", 0x11, 0], ["sim-spi", 0, 0]]}
    assert probe("bus@0.1.0#i2c-transfer", absent)("i2c0", 0x48, b"", 1)["val"] == "unavailable"
    assert probe("bus@0.1.0#i2c-transfer", absent)("sim-i2c", 0x11, b"", 1)["val"] == "unavailable"
    assert probe("bus@0.1.0#spi-transfer", absent)("sim-spi", 0, b"abc")["val"] == b"\0ab"
    assert probe("inference@0.1.0#run", {grant_limits.MODELS: [["*", 0]]})("digits", [], 0)["val"] == "not-found"


def test_keys_are_kept_within_the_quota_and_the_pattern(device: Device) -> None:
    limits = {grant_limits.STORE: [["state/*", 20, 0]]}
    calls = {f.name: Probe(f, device, grant(limits)) for f in FUNCTIONS if "store@" in f.core_name}
    assert calls["set"]("state/a", b"12345678")["tag"] == "ok"
    assert calls["set"]("state/b", b"12345678") == {"tag": "err", "val": "limited"}
    assert calls["set"]("other", b"1") == {"tag": "err", "val": "denied"}
    assert calls["set"]("state/../x", b"1") == {"tag": "err", "val": "invalid"}
    assert calls["get"]("state/a")["val"] == b"12345678" and calls["get"]("state/b") == {"tag": "ok", "val": None}
    device.services.state.set("probe", "hidden", b"x", 100)
    assert calls["keys"]("") == {"tag": "ok", "val": ["state/a"]}
    assert calls["usage-now"]()["val"] == {"used": 22, "quota": 20}
    assert calls["delete"]("state/a")["val"] is True and calls["delete"]("state/a")["val"] is False
