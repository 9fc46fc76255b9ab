# SPDX-License-Identifier: Apache-2.0
"""Image operations against numpy, and blobs whose place and direction are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from motet.components.testing import Component, ToolError

EVERYWHERE = pytest.mark.components(on=["wasmtime", "native", "stm32f405"])

Image = NDArray[np.int64]
RANDOM: Image = np.random.default_rng(8).integers(0, 256, (8, 8))


def transformed(component: Component, image: Image, *operations: str) -> Image:
    made = component.call("transform", {"pixels": image.ravel().tolist(), "operations": list(operations)})
    return np.array(list(made)).reshape(8, 8)


def neighbours(image: Image) -> list[Image]:
    """The nine shifted images, edges repeated, row by row from the upper left."""
    wide = np.pad(image, 1, mode="edge")
    return [wide[row : row + 8, column : column + 8] for row in range(3) for column in range(3)]


def test_blur_is_the_rounded_mean_of_the_neighbourhood(component: Component) -> None:
    expected = np.floor(np.sum(neighbours(RANDOM), axis=0) / 9 + 0.5).astype(int)
    assert np.array_equal(transformed(component, RANDOM, "blur"), expected)


@EVERYWHERE
def test_edges_are_those_of_sobel(component: Component) -> None:
    a, b, c, d, _, f, g, h, i = neighbours(RANDOM)
    across, down = (c + 2 * f + i) - (a + 2 * d + g), (g + 2 * h + i) - (a + 2 * b + c)
    assert np.array_equal(transformed(component, RANDOM, "edges"), np.minimum(255, abs(across) + abs(down)))


def test_a_quarter_turn_and_a_mirror_move_pixels_only(component: Component) -> None:
    assert np.array_equal(transformed(component, RANDOM, "turn"), np.rot90(RANDOM, -1))
    assert np.array_equal(transformed(component, RANDOM, "mirror"), RANDOM[:, ::-1])
    assert np.array_equal(transformed(component, RANDOM, *["turn"] * 4), RANDOM)


def test_stretching_uses_the_whole_range(component: Component) -> None:
    dim = RANDOM // 4 + 30
    made = transformed(component, dim, "stretch")
    assert (made.min(), made.max()) == (0, 255)
    assert np.array_equal(made, (dim - dim.min()) * 255 // (dim.max() - dim.min()))


def test_an_even_image_has_nothing_to_stretch(component: Component) -> None:
    even = np.full((8, 8), 77)
    assert np.array_equal(transformed(component, even, "stretch"), even)


@EVERYWHERE
def test_operations_follow_each_other(component: Component) -> None:
    assert np.array_equal(
        transformed(component, RANDOM, "blur", "mirror"), transformed(component, transformed(component, RANDOM, "blur"), "mirror")
    )


def find(component: Component, image: Image, threshold: int) -> dict[str, float] | None:
    found: dict[str, float] | None = component.call("find", {"pixels": image.ravel().tolist(), "threshold": threshold})
    return found


def test_one_bright_pixel_is_found_where_it_is(component: Component) -> None:
    image = np.zeros((8, 8), int)
    image[5, 2] = 200
    found = find(component, image, 100)
    assert found is not None
    assert (found["area"], found["column"], found["row"], found["brightest"]) == (1, 2.0, 5.0, 200)
    assert found.get("angle") is None


@pytest.mark.parametrize(("cells", "degrees"), [
    ([(3, c) for c in range(8)], 0.0),
    ([(r, 4) for r in range(8)], 90.0),
    ([(n, n) for n in range(8)], 45.0),
    ([(n, 7 - n) for n in range(8)], -45.0),
])  # fmt: skip
def test_the_direction_of_a_bar_is_found(component: Component, cells: list[tuple[int, int]], degrees: float) -> None:
    image = np.zeros((8, 8), int)
    for cell in cells:
        image[cell] = 150
    found = find(component, image, 1)
    assert found is not None
    assert found["angle"] == pytest.approx(degrees, abs=0.05)


def test_a_dark_image_has_no_blob(component: Component) -> None:
    assert find(component, np.full((8, 8), 10), 11) is None


@pytest.mark.parametrize("count", [0, 63, 65])
def test_an_image_of_another_size_is_refused_with_its_number(component: Component, count: int) -> None:
    with pytest.raises(ToolError, match=str(count)):
        component.call("find", {"pixels": [0] * count, "threshold": 1})
    with pytest.raises(ToolError, match=str(count)):
        component.call("transform", {"pixels": [0] * count, "operations": []})
