#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long and exhaustive runs: each prints a JSON object; this prints one with all of them and exits with 1 when any failed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from motet.emulate.process import dying_with_parent

ROOT = Path(__file__).resolve().parent.parent
RUNS: dict[str, list[str]] = {
    "nn": ["tools/soak_nn.py"],
    "link": ["tools/soak_link.py"],
    "noisy_calls": ["tools/soak_calls.py", "--calls", "1000"],
    "admission": ["tools/soak_admission.py"],
    "store": ["tools/soak_store.py"],
    "sdk": ["tools/soak_sdk.py"],
    "decoders": ["tools/soak_decoders.py"],
    "fuzz": ["tools/soak_fuzz.py"],
    "api": ["tools/soak_api.py"],
    "gateway": ["tools/soak_gateway.py"],
}


def run(name: str, command: list[str]) -> dict[str, Any]:
    """Run one soak; `ok` is its exit status, `result` the JSON object of its last line."""
    print(f"soak: {name}", file=sys.stderr, flush=True)
    start = time.monotonic()
    done = subprocess.run(dying_with_parent([sys.executable, *command]), cwd=ROOT, capture_output=True, text=True)
    try:
        result = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        result = {"error": done.stderr.strip()[-400:]}
    return {"ok": done.returncode == 0, "seconds": round(time.monotonic() - start, 1), "result": result}


def main() -> int:
    names = sys.argv[1:] or list(RUNS)
    results = {name: run(name, RUNS[name]) for name in names}
    print(json.dumps(results))
    return int(not all(result["ok"] for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
