# SPDX-License-Identifier: Apache-2.0
"""Plans in model files: used when they hold, told and left alone when they do not; outputs that overwrite inputs."""

from __future__ import annotations

import ctypes
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import nn_signal
from tests.support.nn_builder import Wheel, pack, unpack
from tests.support.nn_library import UNUSED, Model, build
from tests.support.nn_networks import Network, mobilenet, resnet, small
from tests.support.nn_packed import ENTRY, HEAD, RECORD, content_of, planned, with_content, with_plan

DAMAGED = "the plan in the file is damaged"
ZERO = "zero point outside the range of its type"
TYPE = "tensor of a type that is not supported"
CHANNELS = "count of scales is not the count of channels"
ALONG = "weights quantised along another axis than the output channels"
COUNT = "wrong number of inputs"
OTHER = "the plan in the file is of another model"
OVERLAPS = "the plan in the file lets tensors overwrite each other"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("engine"), "-fsanitize=undefined", "-fno-sanitize-recover=undefined")


def packed(library: ctypes.CDLL, model: bytes) -> bytes:
    """The model with the engine's own plan."""
    own = Model(library, model)
    return planned(model, own.offsets(len(unpack(model).subgraphs[0].tensors)), own.activation_bytes)


def record_at(tensor: int) -> int:
    return HEAD + RECORD * tensor


def entry_at(file: bytes, operator: int) -> int:
    return record_at(len(unpack(file).subgraphs[0].tensors)) + ENTRY * operator


def image(model: bytes, seed: int = 0) -> bytes:
    shape = unpack(model).subgraphs[0].tensors[0].shape
    return bytes(np.random.default_rng(seed).integers(-128, 128, shape, np.int8))


@pytest.mark.parametrize("model", [small(), mobilenet(48), resnet()], ids=["small", "mobilenet", "resnet"])
def test_a_packed_model_gives_the_same_bytes_with_less_memory(library: ctypes.CDLL, model: bytes) -> None:
    plain, own = Model(library, model), Model(library, packed(library, model))
    assert (plain.plan_note, own.plan_note) == ("the file has no plan", None)
    assert own.run([image(model)]) == plain.run([image(model)])
    assert own.table_bytes < plain.table_bytes and own.activation_bytes == plain.activation_bytes


def test_a_build_for_packed_models_alone_gives_their_bytes_and_refuses_others(library: ctypes.CDLL, tmp_path: Path) -> None:
    """It has no reader of what is in the flatbuffer alone, and no planner."""
    alone, none = build(tmp_path, "-DNN_WITHOUT_UNPACKED"), "no plan that holds, in a build for packed models alone"
    for model in (small(), resnet()):
        file = packed(library, model)
        assert Model(alone, file).run([image(model)]) == Model(library, model).run([image(model)])
        overlapping = changed(content_of(file), record_at(3) + 4, struct.pack("<I", 8))
        for other in (model, with_content(file, overlapping), with_content(file, changed(content_of(file), 4, b"\1"))):
            with pytest.raises(ValueError, match=none):
                Model(alone, other)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, b"XPLN", DAMAGED),
        (4, struct.pack("<I", 1), "the plan in the file is of another version"),
        (4, struct.pack("<I", 3), "the plan in the file is of another version"),
        (8, struct.pack("<I", 1 << 31), DAMAGED),
        (8, struct.pack("<I", 40), OTHER),
        (12, struct.pack("<I", 3), OTHER),
        (16, struct.pack("<I", 1 << 30), OTHER),
        (24, struct.pack("<I", 16), OTHER),
        (28, struct.pack("<I", 1 << 20), OTHER),
    ],
)
def test_a_damaged_head_is_told_and_the_model_runs_without(library: ctypes.CDLL, at: int, value: bytes, reason: str) -> None:
    file = packed(library, small())
    own = Model(library, with_content(file, changed(content_of(file), at, value)))
    assert own.plan_note == reason
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


def changed(content: bytearray, at: int, value: bytes) -> bytes:
    content[at : at + len(value)] = value
    return bytes(content)


def test_the_plan_of_a_file_that_a_tool_wrote_anew_is_not_used(library: ctypes.CDLL) -> None:
    table = unpack(packed(library, small()))
    table.description = b"with a longer description than it had"
    own = Model(library, pack(table))
    assert own.plan_note == OTHER
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


def test_a_plan_of_the_first_version_is_not_used(library: ctypes.CDLL) -> None:
    """It had offsets and channel tables alone."""
    graph = unpack(small()).subgraphs[0]
    counts = len(graph.tensors), len(graph.operators)
    size = 32 + 4 * sum(counts)
    first = struct.pack("<4sHH6I", b"MPLN", 1, 0, size, *counts, 64, 0, 0) + bytes(4 * sum(counts))
    own = Model(library, with_plan(small(), first))
    assert own.plan_note == "the plan in the file is of another version"
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


def test_shifts_that_the_arithmetic_cannot_take_are_not_used(library: ctypes.CDLL) -> None:
    file = packed(library, small())
    content = content_of(file)
    (table,) = struct.unpack_from("<I", content, entry_at(file, 0) + 16)
    for shift in (31, 127, -32, -128):
        struct.pack_into("<b", content, table + 4 * 8, shift)  # behind the multipliers of 8 channels
        own = Model(library, with_content(file, bytes(content)))
        assert own.plan_note == "the plan in the file has factors that are not the model's"
        assert own.run([image(small())]) == Model(library, small()).run([image(small())])


BUFFER, OUTSIDE = "buffer is shorter than its tensor", "tensor reaches outside the file"
ENTRY_OUTSIDE = "operator reaches outside the file"
#: Fields of a tensor: where it lies, its form, and what they are told that hold something else. The first operator is a
#: convolution of tensor 0 with the weights 2 and the bias 1 into tensor 3.
FIELDS = {
    "shape": (2, 0, "<I", {"size": OUTSIDE, "size - 15": OUTSIDE, 0xFFFFFFFF: OUTSIDE}),
    "constant": (2, 4, "<I", {"size": BUFFER, "size + 1": BUFFER, 0xFFFFFFFF: BUFFER, "size - 215": BUFFER}),
    "scales": (2, 8, "<I", {"size": OUTSIDE, "size - 31": OUTSIDE, 0xFFFFFFFF: OUTSIDE}),
    "one scale": (3, 8, "<I", {"size": OUTSIDE, "size - 3": OUTSIDE, 0: "activation without a scale"}),
    "zero point": (0, 12, "<h", {-129: ZERO, 128: ZERO, -32768: ZERO, 32767: ZERO}),
    "zero point of weights": (2, 12, "<h", {1: "weights without a scale or with a zero point"}),
    "type": (3, 14, "<B", {0: "activation that is not int8", 1: TYPE, 14: TYPE, 0x80 | 10: TYPE}),
    "constant that is none": (1, 14, "<B", {2: "bias that is not constant int32"}),
    "variable": (0, 14, "<B", {0x20 | 9: "variable tensor that is not the state of its operator"}),
    "rank": (3, 15, "<B", {7: "tensor has more than 6 dimensions", 15: "tensor has more than 6 dimensions"}),
    "axis": (2, 15, "<B", {0x44: CHANNELS, 0xF4: CHANNELS, 0x34: ALONG}),
    "channels of an activation": (0, 14, "<H", {0x3449: "activation quantised by channel"}),
}
#: The same of the first operator.
ENTRIES = {
    "code": (0, "<H", {6: "operator code does not exist", 0xFFFF: "operator code does not exist"}),
    "input count": (2, "<B", {0: COUNT, 1: COUNT, 4: COUNT, 255: COUNT}),
    "output count": (3, "<B", {0: "wrong number of outputs", 2: "wrong number of outputs"}),
    "inputs": (4, "<I", {"size": ENTRY_OUTSIDE, "size - 11": ENTRY_OUTSIDE, 0xFFFFFFFF: ENTRY_OUTSIDE}),
    "outputs": (8, "<I", {"size": ENTRY_OUTSIDE, "size - 3": ENTRY_OUTSIDE, 0xFFFFFFFF: ENTRY_OUTSIDE}),
    "options": (12, "<I", {"size": ENTRY_OUTSIDE, "size - 3": ENTRY_OUTSIDE, 0: "stride or dilation below 1"}),
}


def refusal(library: ctypes.CDLL, file: bytes, at: int, form: str, value: int | str) -> str:
    """What the engine says to a model with this field in its plan."""
    number = value if isinstance(value, int) else len(file) + int(value.removeprefix("size").replace(" ", "") or 0)
    content = content_of(file)
    struct.pack_into(form, content, at, number)
    with pytest.raises(ValueError) as error:
        Model(library, with_content(file, bytes(content)))
    return str(error.value)


@pytest.mark.parametrize("field", FIELDS)
def test_a_tensor_of_a_plan_is_checked_like_any_other(library: ctypes.CDLL, field: str) -> None:
    file = packed(library, small())
    tensor, offset, form, values = FIELDS[field]
    assert {value: refusal(library, file, record_at(tensor) + offset, form, value) for value in values} == values


@pytest.mark.parametrize("field", ENTRIES)
def test_an_operator_of_a_plan_is_checked_like_any_other(library: ctypes.CDLL, field: str) -> None:
    file = packed(library, small())
    offset, form, values = ENTRIES[field]
    assert {value: refusal(library, file, entry_at(file, 0) + offset, form, value) for value in values} == values


@pytest.mark.parametrize("position", [1, 2, 6, "size", 0xFFFFFFFC])
def test_a_channel_table_outside_the_plan_is_not_used(library: ctypes.CDLL, position: int | str) -> None:
    file = packed(library, small())
    content = content_of(file)
    struct.pack_into("<I", content, entry_at(file, 0) + 16, len(content) - 4 if position == "size" else int(position))
    own = Model(library, with_content(file, bytes(content)))
    assert own.plan_note is None and own.table_bytes > Model(library, file).table_bytes
    assert own.run([image(small())]) == Model(library, small()).run([image(small())])


@given(st.data())
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_the_offsets_the_outputs_are_those_of_the_model(library: ctypes.CDLL, data: st.DataObject) -> None:
    """Offsets that the engine accepts may be bad ones, but never wrong ones."""
    model, file = small(), packed(library, small())
    content = content_of(file)
    count = len(unpack(model).subgraphs[0].tensors)
    placed = [tensor for tensor in range(count) if not content[record_at(tensor) + 14] & 0x10]
    for _ in range(data.draw(st.integers(1, 4))):
        tensor = data.draw(st.sampled_from(placed))
        offset = data.draw(st.one_of(st.integers(0, 60).map(lambda i: 8 * i), st.integers(0, UNUSED)))
        struct.pack_into("<I", content, record_at(tensor) + 4, offset)
    own = Model(library, with_content(file, bytes(content)))
    assert own.plan_note in (None, OVERLAPS)
    assert own.run([image(model)]) == Model(library, model).run([image(model)])


def test_a_plan_cannot_lay_outputs_of_one_operator_over_each_other(library: ctypes.CDLL) -> None:
    """Not even when nobody reads one of them, so that both are needed no longer than the operator runs."""
    table = unpack(nn_signal.subtraction())
    table.subgraphs[0].outputs = table.subgraphs[0].outputs[:1]
    model, values = pack(table), np.arange(900, 904, dtype=np.uint32).tobytes()
    wanted = Model(library, model).run([values])
    for offsets, note in (([0, 0, 16], None), ([0, 0, 0], OVERLAPS), ([0, 0, 8], OVERLAPS), ([16, 8, 0], OVERLAPS)):
        own = Model(library, planned(model, offsets, 32))
        assert (own.plan_note, own.run([values])) == (note, wanted)


@given(st.data())
@settings(max_examples=400, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_whatever_the_plan_loading_and_running_stay_inside_their_blocks(library: ctypes.CDLL, data: st.DataObject) -> None:
    file = packed(library, small())
    content = content_of(file)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        own = Model(library, with_content(file, bytes(content)))
    except ValueError:
        return
    own.run([bytes(own.inputs[0].bytes)])


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
