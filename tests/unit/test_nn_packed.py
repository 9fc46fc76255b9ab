# SPDX-License-Identifier: Apache-2.0
"""Plans in model files: used when they hold, told and left alone when they do not; outputs that overwrite inputs."""

from __future__ import annotations

import ctypes
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import nn_signal
from tests.support.nn_builder import Wheel, pack, unpack
from tests.support.nn_library import UNUSED, Model, build
from tests.support.nn_networks import Network, mobilenet, resnet
from tests.support.nn_packed import plan, with_plan

DAMAGED = "the plan in the file is damaged"
OVERLAPS = "the plan in the file lets tensors overwrite each other"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("engine"), "-fsanitize=undefined", "-fno-sanitize-recover=undefined")


def packed(library: ctypes.CDLL, model: bytes, content: bytes | None = None) -> bytes:
    if content is None:
        own = Model(library, model)
        offsets = own.offsets(len(unpack(model).subgraphs[0].tensors))
        content = plan(model, offsets, own.activation_bytes)
    return with_plan(model, content)


def content_of(library: ctypes.CDLL, model: bytes) -> bytearray:
    own = Model(library, model)
    return bytearray(plan(model, own.offsets(len(unpack(model).subgraphs[0].tensors)), own.activation_bytes))


def small() -> bytes:
    net = Network((1, 8, 8, 3), 5)
    tensor = net.convolution(0, 8, 3, 2)
    return net.classifier(net.convolution(net.depthwise(tensor, 3), 12, 1), 3)


def image(model: bytes, seed: int = 0) -> bytes:
    shape = unpack(model).subgraphs[0].tensors[0].shape
    return bytes(np.random.default_rng(seed).integers(-128, 128, shape, np.int8))


@pytest.mark.parametrize("model", [small(), mobilenet(48), resnet()], ids=["small", "mobilenet", "resnet"])
def test_a_packed_model_gives_the_same_bytes_with_less_memory(library: ctypes.CDLL, model: bytes) -> None:
    plain, own = Model(library, model), Model(library, packed(library, model))
    assert (plain.plan_note, own.plan_note) == ("the file has no plan", None)
    assert own.run([image(model)]) == plain.run([image(model)])
    assert own.table_bytes < plain.table_bytes and own.activation_bytes == plain.activation_bytes


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, b"XPLN", DAMAGED),
        (4, struct.pack("<I", 2), "the plan in the file is of another version"),
        (8, struct.pack("<I", 1 << 31), DAMAGED),
        (8, struct.pack("<I", 40), "the plan in the file is of another model"),
        (12, struct.pack("<I", 3), "the plan in the file is of another model"),
        (16, struct.pack("<I", 1 << 30), "the plan in the file is of another model"),
    ],
)
def test_a_damaged_head_is_told_and_the_model_runs_without(library: ctypes.CDLL, at: int, value: bytes, reason: str) -> None:
    content = content_of(library, small())
    content[at : at + len(value)] = value
    own = Model(library, packed(library, small(), bytes(content)))
    assert own.plan_note == reason
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


def test_factors_of_another_model_are_not_used(library: ctypes.CDLL) -> None:
    content = content_of(library, small())
    graph = unpack(small()).subgraphs[0]
    (table,) = struct.unpack_from("<I", content, 32 + 4 * len(graph.tensors))
    struct.pack_into("<i", content, table, 1 << 30)
    own = Model(library, packed(library, small(), bytes(content)))
    assert own.plan_note == "the plan in the file has factors that are not the model's"
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


@given(st.data())
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_the_offsets_the_outputs_are_those_of_the_model(library: ctypes.CDLL, data: st.DataObject) -> None:
    """A plan that the engine accepts may be a bad one, but never a wrong one."""
    model, content = small(), content_of(library, small())
    count = len(unpack(model).subgraphs[0].tensors)
    for _ in range(data.draw(st.integers(1, 4))):
        tensor = data.draw(st.integers(0, count - 1))
        offset = data.draw(st.one_of(st.integers(0, 60).map(lambda i: 8 * i), st.integers(0, UNUSED)))
        struct.pack_into("<I", content, 32 + 4 * tensor, offset)
    own = Model(library, packed(library, model, bytes(content)))
    assert own.plan_note in (None, OVERLAPS)
    assert own.run([image(model)]) == Model(library, model).run([image(model)])


def test_a_plan_cannot_lay_outputs_of_one_operator_over_each_other(library: ctypes.CDLL) -> None:
    """Not even when nobody reads one of them, so that both are needed no longer than the operator runs."""
    table = unpack(nn_signal.subtraction())
    table.subgraphs[0].outputs = table.subgraphs[0].outputs[:1]
    model, values = pack(table), np.arange(900, 904, dtype=np.uint32).tobytes()
    wanted = Model(library, model).run([values])
    for offsets, note in (([0, 0, 16], None), ([0, 0, 0], OVERLAPS), ([0, 0, 8], OVERLAPS), ([16, 8, 0], OVERLAPS)):
        own = Model(library, with_plan(model, plan(model, offsets, 32)))
        assert (own.plan_note, own.run([values])) == (note, wanted)


@given(st.data())
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_the_plan_loading_and_running_stay_inside_their_blocks(library: ctypes.CDLL, data: st.DataObject) -> None:
    content = content_of(library, small())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    Model(library, packed(library, small(), bytes(content))).run([image(small())])


@st.composite
def networks(draw: st.DrawFn) -> bytes:
    """Layers of all kinds in chains and with a short cut, so that outputs lie over inputs in many ways."""
    size, depth = draw(st.integers(3, 9)), draw(st.sampled_from([1, 3, 4, 8]))
    net = Network((1, size, draw(st.integers(3, 9)), depth), draw(st.integers(0, 99)))
    tensor = 0
    kept: list[int] = []
    for _ in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["pointwise", "pointwise", "convolution", "depthwise", "addition"]))
        stride, kernel = draw(st.sampled_from([1, 1, 2])), draw(st.sampled_from([2, 3, 5]))
        same = [other for other in kept if net.tensors[other].shape == net.tensors[tensor].shape]
        if kind == "pointwise":
            tensor = net.convolution(tensor, draw(st.integers(1, 12)), 1)
        elif kind == "convolution":
            tensor = net.convolution(tensor, draw(st.integers(1, 12)), kernel, stride)
        elif kind == "depthwise":
            tensor = net.depthwise(tensor, kernel, stride)
        elif same:
            tensor = net.addition(tensor, draw(st.sampled_from(same)))
        kept.append(tensor)
    return net.classifier(tensor, 3)


@given(networks(), st.integers(0, 2**32 - 1))
@settings(max_examples=120, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_outputs_that_overwrite_inputs_change_no_byte(library: ctypes.CDLL, wheel: Wheel, model: bytes, seed: int) -> None:
    shape = unpack(model).subgraphs[0].tensors[0].shape
    run = [np.random.default_rng(seed).integers(-128, 128, shape, np.int8)]
    assert Model(library, model).run([run[0].tobytes()]) == wheel.run(model, [run])[0]


@pytest.fixture(scope="module")
def wheel():  # type: ignore[no-untyped-def]
    own = Wheel()
    yield own
    own.close()
