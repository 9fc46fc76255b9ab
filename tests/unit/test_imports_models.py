# SPDX-License-Identifier: Apache-2.0
"""motet:nn/inference for components: the bytes of the engine, and a typed error for whatever keeps it from them."""

from __future__ import annotations

from typing import Any

import pytest
from motet_native import nn
from tests.support.import_probe import Probe

from motet import paths
from motet.components import witlibrary, witpackages
from motet_core import cbor, grant_limits
from motet_core.device import Device
from motet_core.grant import Grant
from motet_core.port import pair

FUNCTIONS = {f.name: f for i in witpackages.interfaces(witlibrary.NN) for f in i.functions}
DIGITS = (paths.data("models") / "digits/digits.tflite").read_bytes()


@pytest.fixture
def device() -> Device:
    device = Device(pair()[0], id="dut")
    wanted = {"kind": "model", "name": "digits", "revision": 7, "size": len(DIGITS), "digest": bytes(32)}
    assert device.artifacts.restore(("model", "digits"), wanted, DIGITS) is None
    return device


def ask(device: Device, name: str, *values: Any) -> Any:
    limits = {grant_limits.MODELS: [["dig*", 0]]}
    return Probe(FUNCTIONS[name], device, Grant(cbor.dumps({1: "probe", 2: 1, 3: bytes(32), 6: limits, 7: 1})))(*values)


def error(device: Device, name: str, *values: Any) -> str:
    answer = ask(device, name, *values)
    assert answer["tag"] == "err", answer
    return str(answer["val"])


def test_a_run_gives_the_bytes_of_the_engine(device: Device) -> None:
    model = nn.Model(DIGITS)
    data = bytes(range(64))
    assert ask(device, "run", "digits", [data], 0) == {"tag": "ok", "val": model.predict([data])}
    assert ask(device, "revision", "digits")["val"] == 7
    (info,) = ask(device, "inputs", "digits")["val"]
    assert (info["byte-length"], info["element"]) == (64, model.inputs[0][2]) and list(info["shape"]) == list(model.inputs[0][1])
    assert ask(device, "outputs", "digits")["val"][0]["byte-length"] == len(model.predict([data])[0])
    assert ask(device, "reset", "digits")["tag"] == "ok"


def test_what_keeps_a_run_from_its_end_is_a_word_of_the_contract(device: Device) -> None:
    assert error(device, "run", "digits", [bytes(63)], 0) == "wrong-size"
    assert error(device, "run", "digits", [], 0) == "wrong-size"
    assert error(device, "run", "digits", [bytes(64)], 1) == "out-of-steps"
    assert error(device, "run", "vibration", [bytes(64)], 0) == "denied"
    assert error(device, "run", "digital", [bytes(64)], 0) == "not-found"
    # The bound of one run is not the next one's.
    assert ask(device, "run", "digits", [bytes(64)], 0)["tag"] == "ok"
