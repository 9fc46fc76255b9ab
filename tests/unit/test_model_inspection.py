# SPDX-License-Identifier: Apache-2.0
"""Looking into .tflite files: the facts of a good one, a reason for every bad one, and no crash of this process."""

from __future__ import annotations

import hashlib
import json
import random

import pytest

from motet import models, paths
from motet.components.packages import accept, from_upload, read
from motet.models.inspection import MAX_BYTES, check_name

DIGITS = paths.data("models") / "digits" / "digits.tflite"


@pytest.fixture(scope="module")
def data() -> bytes:
    return DIGITS.read_bytes()


def refusal(data: bytes, name: str = "digits") -> str:
    with pytest.raises(models.ModelError) as caught:
        models.inspect(data, name)
    return str(caught.value)


def test_the_digits_model_tells_its_tensors_operators_and_memory(data: bytes) -> None:
    model = models.inspect(data, "digits", 3)
    assert [(t.shape, t.dtype) for t in model.inputs] == [((1, 8, 8, 1), "int8")]
    assert [(t.shape, t.dtype) for t in model.outputs] == [((1, 10), "int8")]
    assert "CONV_2D" in model.operators
    assert 0 < model.arena_bytes < 16_384
    assert (model.revision, model.artifact, model.digest) == (3, data, hashlib.sha256(data).digest())


def test_a_model_travels_as_an_upload_and_is_accepted(data: bytes) -> None:
    package = from_upload(json.loads(json.dumps(read(DIGITS, revision=2).upload())))
    model = accept(package)
    assert isinstance(model, models.Model)
    assert (model.name, model.revision, model.data) == ("digits", 2, data)


@pytest.mark.parametrize("junk", [b"", b"TFL3", b"\0asm\x01\0\0\0", b"x" * 100])
def test_what_is_no_model_is_refused_in_words(junk: bytes) -> None:
    assert "not a TensorFlow Lite file" in refusal(junk)


def test_a_model_too_large_is_refused_with_both_numbers() -> None:
    text = refusal(bytes(MAX_BYTES + 1))
    assert str(MAX_BYTES + 1) in text and str(MAX_BYTES) in text


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_model_cut_short_is_refused_by_the_device_engine(data: bytes, share: float) -> None:
    assert "the device engine refuses it" in refusal(data[: int(len(data) * share)])


def test_changed_bytes_give_a_model_or_a_reason_but_never_a_dead_child(data: bytes) -> None:
    chance = random.Random(8)
    for _ in range(15):
        changed = bytearray(data)
        for _ in range(6):
            changed[chance.randrange(8, len(changed))] = chance.randrange(256)
        try:
            models.inspect(bytes(changed), "digits")
        except models.ModelError as error:
            assert "refuses it" in str(error)


@pytest.mark.parametrize("name", ["", "Digits", "1st", "a b", "a--b", "a" * 32, "a/b", "é"])
def test_a_name_no_device_could_hold_is_refused(name: str) -> None:
    with pytest.raises(models.ModelError, match="not a model's name"):
        check_name(name)


@pytest.mark.parametrize("name", ["digits", "keyword-1", "a_b"])
def test_names_devices_can_hold_are_kept(name: str) -> None:
    assert check_name(name) == name
