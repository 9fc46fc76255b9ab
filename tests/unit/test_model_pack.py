# SPDX-License-Identifier: Apache-2.0
"""Packing: fewer operators, smaller files, and the very bytes of the original, on the engine and on the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from motet_native import nn
from tests.support import public_models
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, graph, options, unpack
from tests.support.nn_packed import content_of, plan, plan_at
from tests.support.nn_single import random_values

from motet.models import ModelError, packing
from motet.models.folding import fold
from motet.models.graph import Graph
from motet.models.sweeping import sweep
from motet.paths import data as folder

DIGITS = folder("models") / "digits" / "digits.tflite"
MODELS = public_models.FOLDER
RANDOM = np.random.default_rng(5)
VALID, SAME = 1, 0


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    child = Wheel()
    yield child
    child.close()


def int8(*shape: int, scale: float = 0.5, zero_point: int = 3) -> Tensor:
    return Tensor(shape, scale, zero_point)


def weights(*shape: int, axis: int = 0) -> Tensor:
    value = RANDOM.integers(-127, 128, shape, np.int8)
    return Tensor(shape, [0.01 + 0.001 * i for i in range(shape[axis])], value=value, axis=axis)


def bias(count: int) -> Tensor:
    return Tensor((count,), [0.5 * 0.01] * count, kind=KINDS.INT32, value=RANDOM.integers(-99, 99, count, np.int32))


def conv(stride: int, padding: int = VALID, dilation: int = 1) -> object:
    return options(
        "Conv2DOptions", strideH=stride, strideW=stride, padding=padding, dilationHFactor=dilation, dilationWFactor=dilation
    )


def packed(wheel: Wheel, model: bytes) -> tuple[list[str], dict[str, int]]:
    """Operators that are left and the rules that applied; the results are those of the original."""
    edited = Graph(model)
    rules = fold(edited)
    sweep(edited)
    result = edited.save()
    inputs = [Tensor(shape, kind=KINDS.INT8) for _, shape, _, _, _ in nn.Model(model).inputs]
    runs = random_values(7, inputs)
    expected = wheel.run(model, runs)
    assert wheel.run(result, runs) == expected
    own = nn.Model(result)
    assert [own.predict(run) for run in runs] == expected
    assert len(result) <= len(model)  # as long where nothing can go
    return [edited.name(one) for one in edited.operators], rules


def shape_chain(last: int = 8) -> bytes:
    tensors = [
        int8(1, 2, 2, 2), Tensor((4,), kind=KINDS.INT32), constant([0]), constant([1]), constant([1]),
        Tensor((), kind=KINDS.INT32), constant(last), Tensor((2,), kind=KINDS.INT32), int8(1, 8), int8(1, 8, scale=0.4),
    ]  # fmt: skip
    steps = [
        ("SHAPE", [0], 1, options("ShapeOptions", outType=KINDS.INT32)),
        ("STRIDED_SLICE", [1, 2, 3, 4], 5, options("StridedSliceOptions", shrinkAxisMask=1)),
        ("PACK", [5, 6], 7, options("PackOptions", valuesCount=2)),
        ("RESHAPE", [0, 7], 8, None),
        ("QUANTIZE", [8], 9, None),
    ]
    return graph(tensors, steps, [9])


def test_shapes_that_are_computed_become_constants(wheel: Wheel) -> None:
    assert packed(wheel, shape_chain()) == (["RESHAPE", "QUANTIZE"], {"constant_shapes": 3})


def padded(before: int, after: int, stride: int, kernel: int = 3, size: int = 8, dilation: int = 1, zero: int = 3) -> bytes:
    wide = size + before + after
    out = (wide - (kernel - 1) * dilation - 1) // stride + 1
    around = constant([[0, 0], [before, after], [before, after], [0, 0]])
    filled = int8(1, wide, wide, 2, zero_point=zero)
    tensors = [
        int8(1, size, size, 2), around, filled, weights(4, kernel, kernel, 2), bias(4), int8(1, out, out, 4, scale=2.0)
    ]  # fmt: skip
    steps = [("PAD", [0, 1], 2, options("PadOptions")), ("CONV_2D", [2, 3, 4], 5, conv(stride, dilation=dilation))]
    return graph(tensors, steps, [5])


@pytest.mark.parametrize(
    ("before", "after", "stride", "kernel", "size"),
    [(1, 1, 1, 3, 8), (0, 1, 2, 3, 8), (2, 2, 1, 5, 8), (1, 1, 2, 3, 7), (0, 0, 1, 1, 8)],
)
def test_padding_that_means_same_goes_into_the_convolution(
    wheel: Wheel, before: int, after: int, stride: int, kernel: int, size: int
) -> None:
    operators, _ = packed(wheel, padded(before, after, stride, kernel, size))
    assert operators == ["CONV_2D"]


def test_dilated_convolutions_take_their_padding_too(wheel: Wheel) -> None:
    assert packed(wheel, padded(2, 2, 1, dilation=2))[0] == ["CONV_2D"]


@pytest.mark.parametrize(("before", "after", "stride"), [(1, 1, 2), (1, 0, 1), (2, 2, 1), (0, 1, 1)])
def test_padding_that_no_convolution_has_stays(before: int, after: int, stride: int) -> None:
    edited = Graph(padded(before, after, stride))
    assert fold(edited) == {}


def test_padding_with_another_number_than_zero_stays(wheel: Wheel) -> None:
    tensors = [
        int8(1, 4, 4, 1), constant([[0, 0], [1, 1], [1, 1], [0, 0]]), Tensor((1,), 0.5, 3, value=np.array([9], np.int8)),
        int8(1, 6, 6, 1), weights(2, 3, 3, 1), bias(2), int8(1, 4, 4, 2),
    ]  # fmt: skip
    steps = [("PADV2", [0, 1, 2], 3, options("PadV2Options")), ("CONV_2D", [3, 4, 5], 6, conv(1))]
    assert fold(Graph(graph(tensors, steps, [6]))) == {}


def transposed(order: list[int], shape: tuple[int, ...]) -> bytes:
    moved = tuple(shape[axis] for axis in order)
    count = int(np.prod(shape[1:]))
    tensors = [
        int8(*shape), constant(order), int8(*moved), constant([shape[0], count]), int8(shape[0], count),
        weights(5, count), bias(5), int8(shape[0], 5, scale=4.0),
    ]  # fmt: skip
    steps = [
        ("TRANSPOSE", [0, 1], 2, options("TransposeOptions")), ("RESHAPE", [2, 3], 4, None),
        ("FULLY_CONNECTED", [4, 5, 6], 7, options("FullyConnectedOptions")),
    ]  # fmt: skip
    return graph(tensors, steps, [7])


@pytest.mark.parametrize("order", [[0, 3, 1, 2], [0, 2, 3, 1], [0, 3, 2, 1], [0, 1, 3, 2]])
@pytest.mark.parametrize("shape", [(1, 4, 3, 2), (2, 2, 5, 3)])
def test_a_transpose_before_a_fully_connected_layer_goes_into_its_weights(
    wheel: Wheel, order: list[int], shape: tuple[int, ...]
) -> None:
    operators, rules = packed(wheel, transposed(order, shape))
    assert operators == ["RESHAPE", "FULLY_CONNECTED"] and rules == {"transposed_weights": 1}


def test_a_transpose_that_mixes_rows_of_a_batch_stays() -> None:
    assert fold(Graph(transposed([1, 0, 2, 3], (2, 2, 3, 2)))) == {}


def test_two_transposes_that_undo_each_other_go(wheel: Wheel) -> None:
    tensors = [
        int8(1, 4, 3, 2), constant([0, 3, 1, 2]), int8(1, 2, 4, 3), constant([0, 2, 3, 1]), int8(1, 4, 3, 2),
        int8(1, 4, 3, 2, scale=0.3),
    ]  # fmt: skip
    table = options("TransposeOptions")
    steps = [("TRANSPOSE", [0, 1], 2, table), ("TRANSPOSE", [2, 3], 4, table), ("QUANTIZE", [4], 5, None)]
    assert packed(wheel, graph(tensors, steps, [5]))[0] == ["QUANTIZE"]


def test_a_transpose_of_dimensions_of_one_becomes_a_reshape_and_joins_the_next(wheel: Wheel) -> None:
    tensors = [
        int8(1, 1, 4, 3), constant([0, 2, 3, 1]), int8(1, 4, 3, 1), constant([1, 12]), int8(1, 12), int8(1, 12, scale=0.3)
    ]  # fmt: skip
    steps = [("TRANSPOSE", [0, 1], 2, options("TransposeOptions")), ("RESHAPE", [2, 3], 4, None), ("QUANTIZE", [4], 5, None)]
    assert packed(wheel, graph(tensors, steps, [5]))[0] == ["RESHAPE", "QUANTIZE"]


def test_what_does_nothing_goes_also_at_the_end_of_the_graph(wheel: Wheel) -> None:
    tensors = [int8(1, 6), int8(1, 6, scale=0.3), int8(1, 6, scale=0.3), constant([1, 6]), int8(1, 6, scale=0.3)]
    steps = [("QUANTIZE", [0], 1, None), ("QUANTIZE", [1], 2, None), ("RESHAPE", [2, 3], 4, None)]
    assert packed(wheel, graph(tensors, steps, [4]))[0] == ["QUANTIZE"]


def test_a_result_that_the_graph_gives_out_is_kept(wheel: Wheel) -> None:
    tensors = [int8(1, 6), int8(1, 6, scale=0.3), int8(1, 6, scale=0.3), int8(1, 6, scale=0.2)]
    steps = [("QUANTIZE", [0], 1, None), ("QUANTIZE", [1], 2, None), ("QUANTIZE", [2], 3, None)]
    operators, _ = packed(wheel, graph(tensors, steps, [1, 2, 3]))
    assert operators == ["QUANTIZE"] * 3


def test_operators_that_nobody_needs_and_double_constants_go(wheel: Wheel) -> None:
    same = RANDOM.integers(-99, 99, (6, 6), np.int8)
    tensors = [
        int8(1, 6), Tensor((6, 6), 0.01, value=same), bias(6), int8(1, 6, scale=4.0), Tensor((6, 6), 0.01, value=same), bias(6),
        int8(1, 6, scale=4.0), int8(1, 6, scale=2.0),
    ]  # fmt: skip
    table = options("FullyConnectedOptions")
    steps = [("FULLY_CONNECTED", [0, 1, 2], 3, table), ("FULLY_CONNECTED", [3, 4, 5], 6, table), ("QUANTIZE", [3], 7, None)]
    model = graph(tensors, steps, [6])
    assert packed(wheel, model)[0] == ["FULLY_CONNECTED"] * 2
    edited = Graph(model)
    sweep(edited)
    assert [bytes(one.data) for one in edited.model.buffers[1:]].count(same.tobytes()) == 1


def test_constants_of_a_packed_file_lie_at_multiples_of_16() -> None:
    data = packing.pack(DIGITS.read_bytes(), "digits").data
    for buffer in unpack(data).buffers[1:]:
        content = bytes(buffer.data)
        assert any(data.startswith(content, at) for at in range(0, len(data), 16))


def test_a_model_that_is_packed_already_stays_as_it_is() -> None:
    once = packing.pack(DIGITS.read_bytes(), "digits").data
    again = packing.pack(once, "digits")
    assert again.data == once and again.saved_bytes == 0


def test_packing_reports_what_it_did() -> None:
    report = packing.pack(shape_chain(), "chain", plan=False)
    assert report.unplanned == "not asked for"
    assert report.operators == (5, 2) and report.rules == {"constant_shapes": 3}
    assert report.saved_bytes > 0 and set(report.checked) == {"wheel", "native"}
    assert report.arena[0] is not None and report.arena[1] is not None and report.arena[1] < report.arena[0]


def planned(model: bytes) -> bytes:
    report = packing.pack(model, "model")
    assert report.unplanned is None and set(report.checked) == {"wheel", "native"}
    return report.data


@pytest.mark.parametrize("model", [shape_chain(), padded(1, 1, 1), transposed([0, 3, 1, 2], (2, 2, 5, 3)), DIGITS.read_bytes()])
def test_the_engine_uses_the_plan_that_packing_leaves(model: bytes) -> None:
    data = planned(model)
    graph_ = unpack(data).subgraphs[0]
    note, offsets = nn.Model(data)._plan(len(graph_.tensors))
    assert note is None
    content = content_of(data)
    ends = [at + 8 for at in offsets if at != 0xFFFFFFFF]
    assert bytes(content) == plan(data, offsets, int.from_bytes(content[20:24], "little"))
    assert plan_at(data)[0] % 16 == 0 and max(ends) <= nn.Model(data).arena_bytes


def test_a_plan_takes_the_factors_of_channels_out_of_the_arena() -> None:
    model = DIGITS.read_bytes()
    bare = packing.pack(model, "digits", plan=False).data
    assert nn.Model(planned(model)).arena_bytes < nn.Model(bare).arena_bytes


def test_what_the_engine_refuses_is_packed_without_a_plan() -> None:
    tensors = [int8(1, 4), Tensor((1, 4), kind=KINDS.FLOAT32), Tensor((1, 4), kind=KINDS.FLOAT32)]
    steps = [("DEQUANTIZE", [0], 1, None), ("COS", [1], 2, options("CosOptions"))]
    report = packing.pack(graph(tensors, steps, [2]), "cosine")
    assert report.unplanned is not None and "COS" not in report.rules
    assert report.checked == ("wheel",) and report.arena == (None, None)


@pytest.mark.parametrize("junk", [b"", b"TFL3", b"x" * 100, b"\x10\0\0\0TFL3" + bytes(64)])
def test_what_is_no_model_is_refused_in_words(junk: bytes) -> None:
    with pytest.raises(ModelError, match="junk: "):
        packing.pack(junk, "junk")


def test_damaged_models_are_packed_or_refused_but_never_end_this_process() -> None:
    data = DIGITS.read_bytes()
    chance = np.random.default_rng(1)
    for _ in range(6):
        changed = bytearray(data)
        for at in chance.integers(8, len(data), 6):
            changed[at] = chance.integers(256)
        try:
            packing.pack(bytes(changed), "damaged")
        except ModelError as error:
            assert str(error).startswith("damaged")


@public_models.needed
@pytest.mark.parametrize(
    ("name", "operators", "rules"),
    [
        ("own_digits/digits_tf_int8", (8, 5), {"constant_shapes": 3}),
        ("own_digits/digits_aeq_int8", (9, 5), {"constant_shapes": 3}),
        ("own_digits/digits_lt_int8", (8, 7), {"transposed_weights": 1}),
        ("tflm/keyword_scrambled", (15, 15), {}),
    ],
)
def test_what_converters_leave_behind_goes(name: str, operators: tuple[int, int], rules: dict[str, int]) -> None:
    report = packing.pack((MODELS / f"{name}.tflite").read_bytes(), name)
    assert (report.operators, report.rules) == (operators, rules) and report.saved_bytes > 500
