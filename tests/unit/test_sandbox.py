# SPDX-License-Identifier: Apache-2.0
"""The child process that meets untrusted input: it cannot run on, grow, write files or see secrets."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from motet import sandbox

BOUNDS = sandbox.Bounds(seconds=1, memory=1 << 29)


def python(program: str, data: bytes = b"", bounds: sandbox.Bounds = BOUNDS) -> sandbox.Outcome:
    return sandbox.run([sys.executable, "-I", "-c", program], data, bounds)


def test_input_goes_in_and_output_comes_out() -> None:
    outcome = python("import sys; sys.stdout.write(sys.stdin.read()[::-1])", b"abc")
    assert (outcome.status, outcome.output) == (0, b"cba")


def test_an_endless_loop_is_ended_by_its_cpu_limit() -> None:
    outcome = python("import sys; sys.stdin.read()\nwhile True: pass")
    assert outcome.status in (-signal.SIGXCPU, -signal.SIGKILL)
    assert "killed by signal" in outcome.how


def test_a_child_that_only_waits_is_killed_when_time_is_up() -> None:
    outcome = python("import time; time.sleep(3600)", bounds=sandbox.Bounds(timeout=0.3))
    assert outcome.status is None
    assert outcome.how == "did not end in time"


def test_memory_beyond_the_limit_cannot_be_had() -> None:
    outcome = python("import sys; sys.stdin.read(); bytearray(1 << 30)")
    assert outcome.status == 1
    assert "MemoryError" in outcome.errors


def test_nothing_can_be_written_to_a_file(tmp_path: Path) -> None:
    program = f"import sys; sys.stdin.read(); print('x' * 100, file=open({str(tmp_path / 'x')!r}, 'w'), flush=True)"
    assert "File too large" in python(program).errors
    assert (tmp_path / "x").stat().st_size == 0


def test_secrets_in_the_environment_stay_with_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTET_TOKEN", "s3cret")
    assert b"s3cret" not in python("import os; print(dict(os.environ))").output


def test_too_much_output_is_not_passed_on() -> None:
    for stream in ("stdout", "stderr"):
        outcome = python(f"import sys; sys.{stream}.write('x' * (2 << 20))")
        assert outcome.status == -signal.SIGKILL
        assert len(outcome.output) + len(outcome.errors) == 0


def test_a_child_that_writes_before_it_reads_is_no_deadlock() -> None:
    program = "import sys; sys.stdout.write('x' * 300_000); sys.stdout.flush(); print(len(sys.stdin.read()))"
    outcome = python(program, b"y" * 300_000)
    assert outcome.output == b"x" * 300_000 + b"300000\n"


def test_a_crash_is_told_by_its_signal() -> None:
    outcome = python("import os; os.abort()")
    assert outcome.how == f"was killed by signal {int(signal.SIGABRT)}"


def test_a_child_that_ignores_its_input_is_no_error() -> None:
    assert python("pass", b"x" * (1 << 20)).status == 0


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        sandbox.run(["/nonexistent/tool"], b"", BOUNDS)
