# SPDX-License-Identifier: Apache-2.0
"""What long runs leave behind when they are killed: nothing."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
# Tells its worker's process id, then waits for ever.
RUN = """
import os, sys, threading
from concurrent.futures import ProcessPoolExecutor
sys.path.insert(0, sys.argv[1])
from soak_nn import die_with
with ProcessPoolExecutor(1, initializer=die_with, initargs=(os.getpid(),)) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    threading.Event().wait()
"""


def test_a_worker_ends_with_the_run_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", RUN, str(ROOT / "tools")], stdout=subprocess.PIPE) as run:
        assert run.stdout
        worker = int(run.stdout.readline())
        run.kill()
        # The worker holds the pipe, too, which ends with the last of both.
        ended = bool(select.select([run.stdout], [], [], PATIENCE_S)[0])
    if not ended:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    assert ended
