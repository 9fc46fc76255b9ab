#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs every bench of this folder in turn and holds the figures against targets.json.

Prints one JSON object, also stored as build/bench.json:
{"machine": …, "figures": {name: …}, "targets": [{name, value, limit, ok}]}.
Exits with 1 when a target is missed or a bench failed, and says which on standard error.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BENCHES = (
    "bench_board",
    "bench_wire",
    "bench_gateway",
    "bench_fleet",
    "bench_admission",
    "bench_components",
    "bench_messages",
    "bench_edge",
    "bench_demo",
    "bench_tutorial",
)
TIMEOUT_S = 1200


def run(name: str) -> dict[str, Any]:
    """The JSON object a bench prints as its last line, or {"error": …}."""
    print(f"bench: {name}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py")], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except subprocess.TimeoutExpired:
        return {"error": f"no result within {TIMEOUT_S} s"}
    except (IndexError, ValueError):
        return {"error": done.stderr.strip()[-400:] or "printed no JSON object"}


def lookup(figures: dict[str, Any], path: str) -> Any:
    value: Any = figures
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def judge(target: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    """One target held against its figure: `at_most` or `at_least`; a figure that is absent misses."""
    value = lookup(figures, target["figure"])
    ok = isinstance(value, int | float | bool) and (
        value <= target["at_most"] if "at_most" in target else value >= target["at_least"]
    )
    return {**target, "value": value, "ok": ok}


def machine() -> dict[str, Any]:
    return {"cpus": os.cpu_count(), "arch": platform.machine(), "python": platform.python_version()}


def main() -> int:
    names = sys.argv[1:] or BENCHES
    figures = {name.removeprefix("bench_"): run(name) for name in names}
    targets = [judge(t, figures) for t in json.loads((HERE / "targets.json").read_text()) if t["figure"].split(".")[0] in figures]
    result = {"machine": machine(), "figures": figures, "targets": targets}
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "bench.json").write_text(json.dumps(result, indent=1))
    print(json.dumps(result))
    for missed in (t for t in targets if not t["ok"]):
        print(f"bench: missed: {missed['what']}: {missed['value']}", file=sys.stderr)
    return int(any(not t["ok"] for t in targets))


if __name__ == "__main__":
    sys.exit(main())
