#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make demo` twice: the second run's wall-clock seconds, set-up checks included, and the figures it prints."""

from __future__ import annotations

import json
import subprocess
import time


def demo() -> tuple[float, dict[str, object]]:
    """Seconds and the JSON object of the last line."""
    start = time.perf_counter()
    done = subprocess.run(["make", "--no-print-directory", "demo"], capture_output=True, text=True, check=True)
    return time.perf_counter() - start, json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    demo()
    seconds, figures = demo()
    print(json.dumps({"second_run_s": round(seconds, 2), **figures}))


if __name__ == "__main__":
    main()
