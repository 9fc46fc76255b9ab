# SPDX-License-Identifier: Apache-2.0
"""The operators that make features of sound, alone and in whole models: the bytes of the tflite-micro wheel."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motet_native import nn
from numpy.typing import NDArray
from tests.support import nn_signal, public_models
from tests.support.nn_builder import KINDS, NUMPY, Wheel, pack, unpack

EXAMPLES = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
SEEDS = st.integers(0, 2**32 - 1)
NEAR_POWERS = [2**k + d for k in range(2, 64) for d in (-1, 0, 1)]
WORDS = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1), st.sampled_from(NEAR_POWERS[:90]))
LONGS = st.one_of(WORDS, st.integers(0, 2**64 - 1), st.sampled_from(NEAR_POWERS))
HALVES = st.one_of(st.integers(-32768, 32767), st.sampled_from([-32768, -32767, 32767, 0, 1, -1]))
Run = list[NDArray[Any]]

MODELS, needs_models = public_models.FOLDER, public_models.needed


@pytest.fixture(scope="module")
def wheel() -> Iterator[Wheel]:
    own = Wheel()
    yield own
    own.close()


def check(wheel: Wheel, model: bytes, runs: list[Run]) -> None:
    """The engine and the wheel give the same bytes, and again after a reset."""
    own, again = nn.Model(model), nn.Model(model)
    given = [own.predict(run) for run in runs]
    assert given == wheel.run(model, runs)
    again.predict(runs[-1])
    again.reset()
    assert [again.predict(run) for run in runs] == given


def words(values: list[int]) -> NDArray[Any]:
    return np.array(values, np.uint32)


def loud(seed: int, shape: tuple[int, ...], count: int = 3) -> list[Run]:
    """Noise of any loudness, with the extremes of int16."""
    random, runs = np.random.default_rng(seed), []
    for _ in range(count):
        values = random.integers(-32768, 32768, shape) >> random.integers(0, 15)
        extremes = np.where(random.random(shape) < 0.05, random.choice([-32768, 32767], shape), values)
        runs.append([extremes.astype(np.int16)])
    return runs


@given(st.lists(HALVES, min_size=1, max_size=30), st.integers(1, 3), st.integers(0, 31), SEEDS)
@EXAMPLES
def test_windows_give_the_bytes_of_the_wheel(wheel: Wheel, values: list[int], rows: int, shift: int, seed: int) -> None:
    check(wheel, nn_signal.window(rows, values, shift), loud(seed, (rows, len(values))))


@given(st.lists(st.lists(HALVES, min_size=7, max_size=7), min_size=1, max_size=4), st.integers(0, 15))
@EXAMPLES
def test_automatic_scales_give_the_bytes_of_the_wheel(wheel: Wheel, rows: list[list[int]], quieter: int) -> None:
    runs = [[(np.array(row) >> quieter).astype(np.int16)] for row in rows]
    check(wheel, nn_signal.auto_scale(7), [*runs, [np.zeros(7, np.int16)]])


@pytest.mark.parametrize("length", [8, 16, 32, 64, 128, 256, 512, 1024])
def test_spectra_give_the_bytes_of_the_wheel(wheel: Wheel, length: int) -> None:
    for size in (1, 2, length - 1, length):
        tone = (32767 * np.sin(np.arange(size) * 0.3)).astype(np.int16)
        check(wheel, nn_signal.spectrum(length, size), [*loud(length + size, (size,), 8), [tone]])


@given(st.lists(HALVES, min_size=12, max_size=12), st.integers(0, 6), st.integers(0, 6))
@EXAMPLES
def test_energies_give_the_bytes_of_the_wheel_where_it_gives_any(wheel: Wheel, values: list[int], one: int, other: int) -> None:
    first, after = sorted((one, other))
    model, run = nn_signal.energy(6, first, after), [np.array(values, np.int16)]
    (given,), ((wanted,),) = nn.Model(model).predict(run), wheel.run(model, [run])
    assert given == bytes(4 * first) + wanted[4 * first : 4 * after] + bytes(4 * (6 - after))


@given(st.lists(WORDS, min_size=20, max_size=20), st.lists(st.integers(0, 20), min_size=2, max_size=6), SEEDS)
@EXAMPLES
def test_filter_banks_give_the_bytes_of_the_wheel(wheel: Wheel, values: list[int], widths: list[int], seed: int) -> None:
    check(wheel, nn_signal.bank(20, widths, seed), [[words(values)], [words(values[::-1])]])


@given(st.lists(LONGS, min_size=16, max_size=16), st.integers(0, 31))
@EXAMPLES
def test_square_roots_give_the_bytes_of_the_wheel(wheel: Wheel, values: list[int], bits: int) -> None:
    check(wheel, nn_signal.root(16), [[np.array(values, np.uint64), np.array(bits, np.int32)]])


@pytest.mark.parametrize("bits", [-1, 32, 2**31 - 1, -(2**31)])
def test_square_roots_without_any_bit_left_are_zero(bits: int) -> None:
    given = nn.Model(nn_signal.root(2)).predict([np.array([9, 2**63], np.uint64), np.array(bits, np.int32)])
    assert given == [bytes(8)]


@given(
    st.lists(st.lists(WORDS, min_size=5, max_size=5), min_size=1, max_size=5),
    st.booleans(),
    st.integers(0, 12),
    st.integers(0, 20),
    SEEDS,
)
@EXAMPLES
def test_noise_is_taken_away_with_the_bytes_of_the_wheel_run_after_run(
    wheel: Wheel, rows: list[list[int]], clamping: bool, extra: int, share: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    names = ["smoothing", "alternate_smoothing", "one_minus_smoothing", "alternate_one_minus_smoothing", "min_signal_remaining"]
    shares = {name: int(random.integers(0, 2**share + 1)) for name in names}
    model = nn_signal.subtraction(
        5, clamping=clamping, smoothing_bits=extra, spectral_subtraction_bits=share, **shares
    )  # fmt: skip
    check(wheel, model, [[words(row)] for row in rows])


@given(st.lists(st.tuples(WORDS, WORDS), min_size=8, max_size=8), st.integers(0, 40), SEEDS)
@EXAMPLES
def test_automatic_gains_give_the_bytes_of_the_wheel(wheel: Wheel, pairs: list[tuple[int, int]], shift: int, seed: int) -> None:
    gains = np.random.default_rng(seed).integers(-2000, 2000, 125)
    signal, noise = zip(*pairs, strict=True)
    check(wheel, nn_signal.gain(8, gains, shift), [[words(list(signal)), words(list(noise))]])


@given(st.lists(WORDS, min_size=16, max_size=16), st.integers(0, 20), st.integers(1, 2**20))
@EXAMPLES
def test_logarithms_give_the_bytes_of_the_wheel(wheel: Wheel, values: list[int], bits: int, scale: int) -> None:
    check(wheel, nn_signal.logarithm(16, bits, scale), [[words(values)]])


CASTS = [
    (KINDS.UINT32, KINDS.INT32), (KINDS.INT32, KINDS.UINT32), (KINDS.INT32, KINDS.INT8), (KINDS.INT16, KINDS.INT32),
    (KINDS.INT16, KINDS.FLOAT32), (KINDS.INT8, KINDS.FLOAT32), (KINDS.INT32, KINDS.FLOAT32), (KINDS.INT8, KINDS.INT32),
    (KINDS.INT32, KINDS.INT16), (KINDS.UINT32, KINDS.FLOAT32),
]  # fmt: skip


@pytest.mark.parametrize("kinds", CASTS)
def test_casts_give_the_bytes_of_the_wheel(wheel: Wheel, kinds: tuple[int, int]) -> None:
    limits = np.iinfo(NUMPY[kinds[0]])
    values = np.random.default_rng(0).integers(limits.min, limits.max, 40, limits.dtype, endpoint=True)
    check(wheel, nn_signal.cast(*kinds, 40), [[values], [values >> 20 if limits.bits == 32 else values]])


SHAPES = [((2, 3), (2, 3)), ((2, 3), ()), ((), (4,)), ((2, 1, 3), (4, 1)), ((5,), (1,))]


@pytest.mark.parametrize("name", nn_signal.ARITHMETIC)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_arithmetic_of_int32_gives_the_bytes_of_the_wheel(
    wheel: Wheel, name: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    random = np.random.default_rng(1)
    left, right = (random.integers(-30000, 30000, shape).astype(np.int32) for shape in shapes)
    check(wheel, nn_signal.arithmetic(name, *shapes), [[left, np.where(right == 0, 1, right).astype(np.int32)]])


def test_a_division_by_zero_gives_zero_and_sums_wrap() -> None:
    divide, most = nn.Model(nn_signal.arithmetic("DIV", (3,), (3,))), np.array([2**31 - 1] * 3, np.int32)
    given = divide.predict([np.array([7, -7, -(2**31)], np.int32), np.array([0, 2, -1], np.int32)])
    assert np.frombuffer(given[0], np.int32).tolist() == [0, -3, -(2**31)]
    add = nn.Model(nn_signal.arithmetic("ADD", (3,), (), 1))
    assert np.frombuffer(add.predict([most])[0], np.int32).tolist() == [-(2**31)] * 3


def recording(name: str) -> NDArray[np.int16]:
    with wave.open(str(MODELS / f"inputs/wav/{name}_1000ms.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def frames(sound: NDArray[np.int16]) -> list[Run]:
    """30 ms each, one every 20 ms."""
    return [[sound[None, at : at + 480]] for at in range(0, len(sound) - 479, 320)]


@needs_models
@pytest.mark.parametrize(("name", "answer"), [("silence", 0), ("noise", 0), ("yes", 2), ("no", 3)])
def test_recorded_words_become_the_known_features_and_their_class(name: str, answer: int) -> None:
    features = nn.Model((MODELS / "tflm/audio_preprocessor_int8.tflite").read_bytes())
    words_of = nn.Model((MODELS / "tflm/micro_speech_quantized.tflite").read_bytes())
    given = b"".join(features.predict(run)[0] for run in frames(recording(name)))
    assert given == np.load(MODELS / f"inputs/micro_speech_{name}.npy").tobytes()
    assert int(np.frombuffer(words_of.predict([given])[0], np.int8).argmax()) == answer


@needs_models
@pytest.mark.parametrize("kind", ["int8", "float"])
def test_feature_models_of_others_give_the_bytes_of_the_wheel(wheel: Wheel, kind: str) -> None:
    data = (MODELS / f"tflm/audio_preprocessor_{kind}.tflite").read_bytes()
    check(wheel, data, [*frames(recording("no"))[:20], *loud(4, (1, 480), 20)])


def test_each_operator_says_its_name() -> None:
    names = [nn.Model(model).operators for model in nn_signal.seeds()]
    codes = [unpack(model).operatorCodes for model in nn_signal.seeds()[:9]]
    assert names[:9] == [tuple(code.customCode.decode() for code in own) for own in codes]
    assert names[9:] == [("CAST",), *((name,) for name in nn_signal.ARITHMETIC)]


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("whole", [nn_signal.subtraction(), nn_signal.auto_scale()], ids=["subtraction", "automatic scale"])
def test_an_output_that_nobody_reads_leaves_the_other_alone(whole: bytes, kept: int) -> None:
    model, own = unpack(whole), nn.Model(whole)
    model.subgraphs[0].outputs = [model.subgraphs[0].outputs[kept]]
    _, shape, kind, _, _ = own.inputs[0]
    value = (np.arange(1, 1 + np.prod(shape)) * 100).reshape(shape).astype(kind)
    assert nn.Model(pack(model)).predict([value]) == [own.predict([value])[kept]]
