# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements without changing them, alone and random: the bytes of the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from motet_native import nn
from tests.support.nn_builder import KINDS, Tensor, Wheel, constant, graph, one_operator, options
from tests.support.nn_single import EXAMPLES, SCALES, SEEDS, ZEROS, check, random_values, same, shapes

#: Types that the wheel moves too.
MOVED = st.sampled_from([KINDS.INT8, KINDS.INT8, KINDS.INT16, KINDS.INT32])


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def tensor(shape: Any, kind: int, scale: float = 0.1, zero: int = 0) -> Tensor:
    return Tensor(tuple(int(size) for size in shape), scale, zero if kind == KINDS.INT8 else 0, kind)


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4), SCALES, ZEROS,
    st.integers(-128, 127), SEEDS,
)  # fmt: skip
@EXAMPLES
def test_paddings_with_a_value_give_the_bytes_of_the_wheel(
    wheel: Wheel, axes: list[tuple[int, int, int]], scale: float, zero: int, value: int, seed: int
) -> None:
    x = Tensor(tuple(size for size, _, _ in axes), scale, zero)
    y = Tensor(tuple(map(sum, axes)), scale, zero)
    fill = Tensor((1,), scale, zero, value=np.array([value], np.int8))
    check(wheel, "PADV2", [x, constant([own[1:] for own in axes]), fill], y, options("PadV2Options"), seed)


@given(shapes(1, 4), st.integers(0, 2), st.sampled_from([KINDS.INT16, KINDS.INT32, KINDS.FLOAT32]), st.integers(-99, 99), SEEDS)
@EXAMPLES
def test_wide_elements_are_padded_as_in_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], before: int, kind: int, value: int, seed: int
) -> None:
    scale = None if kind == KINDS.FLOAT32 else 0.1
    x, y = (Tensor(own, scale, 0, kind) for own in (shape, tuple(size + before + 1 for size in shape)))
    padding = constant([[before, 1]] * len(shape))
    check(wheel, "PAD", [x, padding], y, options("PadOptions"), seed)
    fill = Tensor((1,), scale, 0, kind, np.array([value], x.dtype))
    check(wheel, "PADV2", [x, padding, fill], y, options("PadV2Options"), seed)


@given(st.permutations(range(5)), st.integers(1, 5), st.tuples(*[st.integers(1, 5)] * 5), MOVED, SEEDS)
@EXAMPLES
def test_transpositions_of_all_ranks_give_the_bytes_of_the_wheel(
    wheel: Wheel, order: list[int], rank: int, sizes: tuple[int, ...], kind: int, seed: int
) -> None:
    own = [axis for axis in order if axis < rank]
    shape = sizes[:rank]
    kind = kind if kind != KINDS.INT32 else KINDS.INT16
    x, y = tensor(shape, kind), tensor([shape[axis] for axis in own], kind)
    check(wheel, "TRANSPOSE", [x, constant(own)], y, options("TransposeOptions"), seed)


@given(st.permutations(range(6)), st.tuples(*[st.integers(1, 4)] * 6), st.sampled_from([KINDS.INT8, KINDS.INT64]), SEEDS)
@EXAMPLES
def test_transpositions_of_six_dimensions_are_those_of_numpy(
    order: list[int], sizes: tuple[int, ...], kind: int, seed: int
) -> None:
    x, y = Tensor(sizes, kind=kind), Tensor(tuple(sizes[axis] for axis in order), kind=kind)
    model = nn.Model(one_operator("TRANSPOSE", [x, constant(order)], y, options("TransposeOptions")))
    ((value,),) = random_values(seed, [x], 1)
    assert model.predict([value]) == [value.transpose(order).tobytes()]


@st.composite
def slices(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """For each axis: its size, where a slice begins, its size."""
    axes = []
    for size in draw(shapes(1, 5)):
        begin = draw(st.integers(0, size - 1))
        axes.append((size, begin, draw(st.integers(1, size - begin))))
    return axes


@given(slices(), st.booleans(), MOVED, SEEDS)
@EXAMPLES
def test_slices_give_the_bytes_of_the_wheel(
    wheel: Wheel, axes: list[tuple[int, int, int]], to_end: bool, kind: int, seed: int
) -> None:
    sizes, begins, counts = (list(own) for own in zip(*axes, strict=True))
    given_counts = [-1 if to_end and begin + count == size else count for size, begin, count in axes]
    table = options("SliceOptions")
    x, y = tensor(sizes, kind), tensor(counts, kind)
    check(wheel, "SLICE", [x, constant(begins), constant(given_counts)], y, table, seed)


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, Any]:
    """A strided slice with elements, and the shape that it has in numpy."""
    sizes = draw(shapes(1, 4, 6))
    begin, end, stride, index = [], [], [], []
    masks = {"beginMask": 0, "endMask": 0, "shrinkAxisMask": 0}
    for axis, size in enumerate(sizes):
        own = [
            draw(st.integers(-size - 2, size + 2)),
            draw(st.integers(-size - 2, size + 2)),
            draw(st.sampled_from([1, 1, 2, 3, -1, -2])),
        ]
        free = [draw(st.booleans()), draw(st.booleans())]
        cut = slice(None if free[0] else own[0], None if free[1] else own[1], own[2])
        if draw(st.integers(0, 4)) == 0:  # one position
            own = [draw(st.integers(-size, size - 1)), draw(st.integers(-9, 9)), 1]
            free = [False, False]
            masks["shrinkAxisMask"] |= 1 << axis
            index.append(own[0])
        else:
            if len(range(size)[cut]) == 0:
                own, free = [0, size, 1], [False, False]
                cut = slice(0, size, 1)
            index.append(cut)
        masks["beginMask"] |= free[0] << axis
        masks["endMask"] |= free[1] << axis
        begin.append(own[0]), end.append(own[1]), stride.append(own[2])
    return {"sizes": sizes, "inputs": [begin, end, stride], "masks": masks, "index": tuple(index)}


@given(ranges(), MOVED, SEEDS)
@EXAMPLES
def test_strided_slices_give_the_bytes_of_the_wheel(wheel: Wheel, own: dict[str, Any], kind: int, seed: int) -> None:
    shape = np.empty(own["sizes"])[own["index"]].shape
    inputs = [tensor(own["sizes"], kind), *map(constant, own["inputs"])]
    check(wheel, "STRIDED_SLICE", inputs, tensor(shape, kind), options("StridedSliceOptions", **own["masks"]), seed)


@given(shapes(1, 4), st.lists(st.integers(1, 4), min_size=1, max_size=5), st.integers(-4, 3), MOVED, ZEROS, SEEDS)
@EXAMPLES
def test_concatenations_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], sizes: list[int], axis: int, kind: int, zero: int, seed: int
) -> None:
    axis %= len(shape)
    inputs = [tensor([*shape[:axis], size, *shape[axis + 1 :]], kind, zero=zero) for size in sizes]
    y = tensor([*shape[:axis], sum(sizes), *shape[axis + 1 :]], kind, zero=zero)
    table = options("ConcatenationOptions", axis=axis if seed % 2 else axis - len(shape))
    check(wheel, "CONCATENATION", inputs, y, table, seed)


@given(shapes(0, 3), st.integers(1, 4), st.integers(-4, 3), st.sampled_from([KINDS.INT8, KINDS.INT32]), SEEDS)
@EXAMPLES
def test_packs_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], count: int, axis: int, kind: int, seed: int
) -> None:
    axis %= len(shape) + 1
    y = tensor([*shape[:axis], count, *shape[axis:]], kind)
    table = options("PackOptions", valuesCount=count, axis=axis if seed % 2 else axis - len(shape) - 1)
    check(wheel, "PACK", [tensor(shape, kind)] * count, y, table, seed)


@given(shapes(1, 4), st.integers(1, 4), st.integers(-4, 3), MOVED, SEEDS)
@EXAMPLES
def test_splits_give_the_bytes_of_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], count: int, axis: int, kind: int, seed: int
) -> None:
    axis %= len(shape)
    x = tensor([*shape[:axis], shape[axis] * count, *shape[axis + 1 :]], kind)
    own = constant(axis if seed % 2 else axis - len(shape))
    check(wheel, "SPLIT", [own, x], [tensor(shape, kind)] * count, options("SplitOptions", numSplits=count), seed)


@given(shapes(1, 3), st.integers(0, 3), MOVED, SEEDS)
@EXAMPLES
def test_dimensions_of_one_come_and_go_as_in_the_wheel(
    wheel: Wheel, shape: tuple[int, ...], axis: int, kind: int, seed: int
) -> None:
    axis %= len(shape) + 1
    kind = kind if kind != KINDS.INT32 else KINDS.INT8
    tall = (*shape[:axis], 1, *shape[axis:])
    check(wheel, "EXPAND_DIMS", [tensor(shape, kind), constant([axis])], tensor(tall, kind), options("ExpandDimsOptions"), seed)
    check(wheel, "SQUEEZE", [tensor(tall, kind)], tensor(shape, kind), options("SqueezeOptions", squeezeDims=[axis]), seed)


@given(shapes(1, 4), st.sampled_from([KINDS.INT8, KINDS.FLOAT32, KINDS.INT16]), SEEDS)
@EXAMPLES
def test_shapes_give_the_bytes_of_the_wheel(wheel: Wheel, shape: tuple[int, ...], kind: int, seed: int) -> None:
    y = Tensor((len(shape),), kind=KINDS.INT32)
    check(wheel, "SHAPE", [tensor(shape, kind)], y, options("ShapeOptions", outType=KINDS.INT32), seed)


def test_a_shape_may_be_computed_from_another(wheel: Wheel) -> None:
    """How converters flatten: the new shape is computed, and the engine takes the one that the file declares."""
    tensors = [
        Tensor((1, 2, 3, 2), 0.1), Tensor((4,), kind=KINDS.INT32), constant([0]), constant([1]), Tensor((), kind=KINDS.INT32),
        constant(12), Tensor((2,), kind=KINDS.INT32), Tensor((1, 12), 0.1),
    ]  # fmt: skip
    steps = [
        ("SHAPE", [0], 1, options("ShapeOptions", outType=KINDS.INT32)),
        ("STRIDED_SLICE", [1, 2, 3, 3], 4, options("StridedSliceOptions", shrinkAxisMask=1)),
        ("PACK", [4, 5], 6, options("PackOptions", valuesCount=2)),
        ("RESHAPE", [0, 6], 7, None),
    ]
    same(wheel, graph(tensors, steps, [7, 6]), random_values(7, tensors[:1]))


def test_rows_longer_than_a_step_are_moved_in_steps() -> None:
    x = Tensor((1, 50000))
    model = nn.Model(one_operator("CONCATENATION", [x, x], Tensor((1, 100000)), options("ConcatenationOptions", axis=1)))
    values = [np.arange(50000, dtype=np.int32).astype(np.int8), np.full(50000, 3, np.int8)]
    assert model.predict(values) == [b"".join(value.tobytes() for value in values)]
    model.steps = 3
    with pytest.raises(nn.Error, match="out of steps"):
        model.predict(values)
