#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make demo` twice and `make run` once: wall-clock seconds of later starts, set-up checks included, and the demo's figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

# A port of its own, and no note for other commands: a system may be running here.
ENVIRONMENT = {**os.environ, "MOTET_GATEWAY__PORT": "0", "MOTET_STATE__DIR": "build/bench/state"}


def demo() -> tuple[float, dict[str, object]]:
    """Seconds and the JSON object of the last line."""
    start = time.perf_counter()
    done = subprocess.run(["make", "--no-print-directory", "demo"], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return time.perf_counter() - start, json.loads(done.stdout.strip().splitlines()[-1])


def run_until_it_serves() -> float:
    """Seconds from `make run` to the line with the MCP endpoint; the system is stopped afterwards."""
    start = time.perf_counter()
    command = ["make", "--no-print-directory", "run"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT, start_new_session=True
    ) as make:
        assert make.stdout is not None
        serving = any(line.startswith("MCP endpoint") for line in make.stdout)
        seconds = time.perf_counter() - start
        os.killpg(make.pid, signal.SIGINT)
    if not serving:
        raise SystemExit("make run ended before it served")
    return seconds


def main() -> None:
    demo()
    seconds, figures = demo()
    print(json.dumps({"second_run_s": round(seconds, 2), "second_start_s": round(run_until_it_serves(), 2), **figures}))


if __name__ == "__main__":
    main()
