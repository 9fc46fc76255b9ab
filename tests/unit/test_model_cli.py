# SPDX-License-Identifier: Apache-2.0
"""`motet model`: what its commands print, and how they end."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from motet_native import nn
from tests.support.nn_builder import Tensor, graph, options
from typer.testing import CliRunner

from motet.cli.main import app
from motet.paths import data

DIGITS = data("models") / "digits" / "digits.tflite"


def motet(*arguments: object) -> tuple[int, Any]:
    """Exit code and the JSON that `motet model` prints."""
    done = CliRunner().invoke(app, ["model", *map(str, arguments), "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "image.npy"
    np.save(file, (np.arange(64) % 17).astype(np.int8).reshape(1, 8, 8, 1))
    return file


def unsupported() -> bytes:
    """An operator that no engine here has between two that it has."""
    one, other = Tensor((1, 4), 0.5), Tensor((1, 4), 0.25)
    tensors = [one, other, Tensor((1, 4), 0.25), Tensor((1, 4), 0.125)]
    steps = [("QUANTIZE", [0], 1, None), ("COS", [1], 2, options("CosOptions")), ("QUANTIZE", [2], 3, None)]
    return graph(tensors, steps, [3])


def test_check_tells_operators_ports_memory_and_boards() -> None:
    code, report = motet("check", DIGITS)
    assert code == 0 and report["supported"] and report["file_bytes"] == DIGITS.stat().st_size
    assert [one["name"] for one in report["operators"]] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]
    assert report["inputs"][0] == {"name": "image", "shape": [1, 8, 8, 1], "dtype": "int8", "scale": 0.0625, "zero_point": 0}
    assert {"stm32f405", "virt_rv32"} <= {one["board"] for one in report["boards"]}
    for board in report["boards"]:
        assert board["ram"]["needed"] == report["file_bytes"] + report["arena_bytes"] + 4096
        assert board["fits"] == (board["ram"]["needed"] <= board["ram"]["available"])


@pytest.mark.skipif(shutil.which("clang-14") is None, reason="no clang-14 to compile the engine for 32 bits")
def test_check_counts_the_arena_of_a_board_which_is_less_than_that_of_a_64_bit_machine() -> None:
    report = motet("check", DIGITS)[1]
    assert report["arena_exact"] and 0 < report["arena_bytes"] < nn.Model(DIGITS.read_bytes()).arena_bytes


def test_check_names_each_unsupported_operator_with_its_index_and_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "cos.tflite"
    file.write_bytes(unsupported())
    code, report = motet("check", file)
    assert code == 1 and not report["supported"] and report["arena_bytes"] is None
    refused = [(one["index"], one["name"], one["refused"]) for one in report["operators"] if one["refused"]]
    assert refused == [(1, "COS", "operator is not supported")]


def test_check_fails_for_a_board_that_is_too_small_and_says_both_numbers(tmp_path: Path) -> None:
    wide = Tensor((1, 200_000), 0.5)
    file = tmp_path / "wide.tflite"
    file.write_bytes(graph([wide, Tensor((1, 200_000), 0.25)], [("QUANTIZE", [0], 1, None)], [1]))
    code, report = motet("check", file, "--board", "stm32f405")
    (board,) = report["boards"]
    assert code == 1 and not board["fits"] and board["ram"]["needed"] > 200_000 > board["ram"]["available"]


def test_check_knows_only_boards_that_exist() -> None:
    code, report = motet("check", DIGITS, "--board", "toaster")
    assert code == 2 and "toaster" in report["error"]


def test_check_refuses_what_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "x.tflite"
    file.write_bytes(b"nothing")
    assert motet("check", file)[0] == 1
    assert motet("check", tmp_path / "none.tflite")[0] == 2


def test_pack_writes_a_file_that_computes_the_same(tmp_path: Path) -> None:
    target = tmp_path / "packed.tflite"
    code, report = motet("pack", DIGITS, "-o", target)
    assert code == 0 and report["planned"] and report["saved_bytes"] == DIGITS.stat().st_size - target.stat().st_size
    assert set(report["checked"]) == {"wheel", "native"}
    image = bytes(range(64))
    assert nn.Model(str(target)).predict([image]) == nn.Model(str(DIGITS)).predict([image])


def test_pack_writes_nothing_when_it_fails(tmp_path: Path) -> None:
    file, target = tmp_path / "x.tflite", tmp_path / "y.tflite"
    file.write_bytes(DIGITS.read_bytes()[:3000])
    assert motet("pack", file, "-o", target)[0] == 1
    assert not target.exists()


@pytest.mark.parametrize("where", ["native", "wheel"])
def test_run_prints_outputs_and_their_hash(image: Path, where: str) -> None:
    code, report = motet("run", DIGITS, "--input", image, "--on", where)
    (expected,) = nn.Model(DIGITS.read_bytes()).predict([np.load(image).tobytes()])
    assert code == 0 and report["outputs"] == [np.frombuffer(expected, np.int8).tolist()]
    assert report["output_sha256"] == hashlib.sha256(expected).hexdigest() and report["load_ms"] > 0


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.zeros((1, 8, 8, 1), np.float32), "float32"), (np.zeros(63, np.int8), "63"), (np.array([{}]), "image.npy")],
)
def test_run_refuses_an_input_that_does_not_fit(tmp_path: Path, value: Any, words: str) -> None:
    file = tmp_path / "image.npy"
    np.save(file, value, allow_pickle=True)
    code, report = motet("run", DIGITS, "--input", file)
    assert code == 2 and words in report["error"]


def test_run_wants_a_file_for_each_input(image: Path) -> None:
    code, report = motet("run", DIGITS, "-i", image, "-i", image)
    assert code == 2 and "2 input files" in report["error"]


@pytest.mark.parametrize(
    ("where", "words"), [("stm32f405=", "no serial device or URL"), ("nothing=socket://127.0.0.1:1", "nothing")]
)
def test_run_refuses_an_attached_board_that_is_not_named_fully(where: str, words: str) -> None:
    code, report = motet("run", DIGITS, "--on", where)
    assert code == 2 and words in report["error"]


def test_compare_finds_engine_and_wheel_equal(image: Path) -> None:
    code, report = motet("compare", DIGITS, "--input", image)
    assert code == 0 and report["same"] and report["first_difference"] is None
    assert len(set(report["output_sha256"].values())) == 1


def test_compare_names_the_first_tensor_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    from motet.models import running

    real = running.run

    def wrong(data: bytes, runs: Any, engine: Any, what: str) -> running.Result:
        result = real(data, runs, engine, what)
        if engine == "native" or len(result.outputs[0]) == 1:
            return result
        outputs = [list(one) for one in result.outputs]
        outputs[0][2] = bytes([outputs[0][2][0] ^ 1]) + outputs[0][2][1:]
        return running.Result(tuple(map(tuple, outputs)), result.load_ns, result.run_ns)

    monkeypatch.setattr(running, "run", wrong)
    code, report = motet("compare", DIGITS)
    found = report["first_difference"]
    assert code == 1 and not report["same"]
    assert (found["operator"], found["kind"], found["byte"]) == (2, "FULLY_CONNECTED", 0)
    assert found["native"] ^ found["wheel"] == 1


@pytest.mark.slow
def test_train_hands_its_options_to_the_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, report = motet("train", "digits", "--network", "mlp")
    assert code == 0 and Path(report["output"]) == tmp_path / "digits_mlp.tflite"
    assert nn.Model((tmp_path / "digits_mlp.tflite").read_bytes()).operators[0] == "FULLY_CONNECTED"
    code, report = motet("train", "digits", "--network", "other", "--output", tmp_path / "none.tflite")
    assert code == 1 and "invalid choice" in report["error"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_model_of_synthetic_data_says_so_in_its_file_name_and_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small matrices: on a busy machine threads only wait for each other.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    code, report = motet("train", "vibration")
    assert code == 0 and Path(report["output"]) == tmp_path / "synthetic_vibration.tflite"
    assert report["data"].startswith("SYNTHETIC")


def test_train_knows_only_trainers_that_exist(tmp_path: Path) -> None:
    for name in ("nothing", "../models/digits"):
        code, report = motet("train", name, "-o", tmp_path / "x.tflite")
        assert code == 2 and "digits" in report["error"]


@pytest.mark.board
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc")
@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no qemu-system-arm")
def test_bench_counts_the_instructions_of_each_operator() -> None:
    code, report = motet("bench", DIGITS)
    assert code == 0 and [kind for kind, _ in report["operators"]] == ["CONV_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]
    costs = sum(cost for _, cost in report["operators"])
    assert abs(costs - report["invoke_instructions"]) < 2_000
    told = motet("check", DIGITS)[1]
    assert not told["arena_exact"] or told["arena_bytes"] == report["table_bytes"] + report["activation_bytes"]
