# SPDX-License-Identifier: Apache-2.0
"""Children of a nursery are as confined as fresh interpreters, and none of them takes the nursery with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from motet.sandbox import Bounds, Outcome
from motet.sandbox_warm import Nursery

BOUNDS = Bounds(seconds=1, memory=1 << 29)
WORK = "tests.support.warm_work"


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery(WORK)
    yield made
    made.close()


def run(nursery: Nursery, program: str, data: bytes = b"", bounds: Bounds = BOUNDS) -> Outcome:
    return nursery.run(program.encode() + b"\n\n" + data, bounds)


def test_each_piece_of_work_has_a_process_of_its_own(nursery: Nursery) -> None:
    told = [
        run(nursery, "import os, sys; sys.seen = getattr(sys, 'seen', 0) + 1; say(f'{sys.seen} {os.getpid()}')") for _ in "ab"
    ]
    assert [one.output[:2] for one in told] == [b"1 ", b"1 "]
    assert told[0].output != told[1].output


def test_threads_get_their_own_answers(nursery: Nursery) -> None:
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda n: run(nursery, "say(data.decode() * 3)", str(n).encode() * 40_000), range(6)))
    assert [one.output for one in told] == [str(n).encode() * 120_000 for n in range(6)]


def test_loops_memory_and_crashes_end_the_child_only(nursery: Nursery) -> None:
    assert run(nursery, "while True: pass").status in (-signal.SIGXCPU, -signal.SIGKILL)
    assert run(nursery, "import os; os.abort()").how == f"was killed by signal {int(signal.SIGABRT)}"
    assert "MemoryError" in run(nursery, "bytearray(1 << 30)").errors
    late = run(nursery, "import time; time.sleep(3600)", bounds=Bounds(timeout=0.2))
    assert (late.status, late.how) == (None, "did not end in time")
    assert run(nursery, "say('still here')").output == b"still here"


def test_no_file_no_secret_and_not_too_many_words(nursery: Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "File too large" in run(nursery, f"print('x' * 100, file=open({str(tmp_path / 'x')!r}, 'w'), flush=True)").errors
    monkeypatch.setenv("MOTET_TOKEN", "s3cret")
    fresh = Nursery(WORK)
    assert b"s3cret" not in run(fresh, "import os; say(str(dict(os.environ)))").output
    fresh.close()
    talkative = run(nursery, "say('x' * (2 << 20))")
    assert talkative.status != 0 and talkative.output == b""


def test_a_child_sees_no_descriptors_but_its_own_three(nursery: Nursery) -> None:
    # The fourth is that of the folder being listed.
    assert run(nursery, "import os; say(str(len(os.listdir('/proc/self/fd'))))").output == b"4"


def test_a_nursery_that_was_killed_is_started_again(nursery: Nursery) -> None:
    parents = "import os; say(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
    first = int(run(nursery, parents).output)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert int(run(nursery, parents).output) != first


def test_a_module_that_cannot_be_imported_is_a_failed_child() -> None:
    missing = Nursery("motet.not_there")
    outcome = missing.run(b"", BOUNDS)
    missing.close()
    assert outcome.status == 1
