#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the suites of renode/ on every board that can: in Motet's own emulators, or in Renode.

    tools/run_robot.py [--board B]... [--suite S]... [--emulator motet|renode] [-j 2] [--output FOLDER] [--json]

Exit status: 0 when all passed, 1 when a test failed or none ran, 2 when something is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from motet import boards
from motet.components.errors import ComponentError
from motet.components.packages import accept, read
from motet.emulate.keywords import runner, targets
from motet.emulate.keywords.job import FAIL, PASS, SKIP, Job, Outcome
from motet.paths import data

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build/reports/robot"
NO_RENODE = """robot: renode-test is not on PATH. Renode is in no package registry; it comes from its own releases
(github.com/renode/renode/releases, the portable package): unpack it, add its folder to PATH, and run this again.
Without Renode the same suites run in QEMU: make robot"""
say_lock = threading.Lock()


def say(text: str) -> None:
    with say_lock:
        print(text, file=sys.stderr, flush=True)


def fail(text: str) -> int:
    say(text)
    return 2


def build(board: str) -> Path:
    """The board's image; builds it when it is not current. Raises RuntimeError."""
    command = [sys.executable, str(ROOT / "tools/build.py"), "firmware", board, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"robot: {board} does not build:\n{done.stderr}")
    made = json.loads(done.stdout)
    emulate = boards.load(board).emulate
    # QEMU wants the ELF image, the others what would be flashed.
    return Path(made["elf"] if emulate is not None and emulate.kind == "qemu" else made.get("bin") or made["elf"])


def component() -> Path:
    """The example component as devices take it. Raises ComponentError."""
    target = ROOT / "build/robot/vote.artifact"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(accept(read(data("examples") / "vote")).artifact)
    return target


def show(job: Job, event: dict[str, Any]) -> None:
    if event["event"] == "end":
        first = event["message"].splitlines()[0] if event["message"] else ""
        name = f"{event['suite']}: {event['test']}"
        say(f"{event['status']:<4} {job.name:<12} {name:<62} {event['elapsed_s']:5.1f} s {first}".rstrip())


def in_motet(jobs: list[Job], parallel: int, output: Path) -> tuple[int, list[Outcome]]:
    outcomes = runner.run_all(jobs, parallel, show)
    failed = runner.merge(outcomes, output)
    for outcome in outcomes:
        if not outcome.tests:
            say(f"robot: {outcome.job.name}: nothing ran; see {outcome.job.output / 'runner.log'}")
            failed += 1
    return failed, outcomes


def in_renode(jobs: list[Job], parallel: int, output: Path) -> int:
    """Renode's own runner, once a board; returns how many boards failed."""
    failed = 0
    paths = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for job in jobs:
        folder = job.output
        folder.mkdir(parents=True, exist_ok=True)
        variables = {**job.variables, "EMULATOR": "renode", "FIRMWARE": str(job.firmware)}
        given = [part for name, value in variables.items() for part in ("--variable", f"{name}:{value}")]
        command = ["renode-test", "-j", str(parallel), "-r", str(folder), "--exclude", "qemu_only", *given]
        say(f"robot: {job.name} in Renode")
        failed += bool(subprocess.run([*command, *map(str, job.suites)], env=paths, cwd=folder).returncode)
        results = folder / "robot_output.xml"
        if results.exists():
            rebot = [sys.executable, "-m", "robot.rebot", "--xunit", "junit.xml", "--outputdir", str(folder), str(results)]
            subprocess.run(rebot, stdout=subprocess.DEVNULL)
    return failed


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--board", action="append", help="this board only; may be repeated")
    parser.add_argument("--suite", action="append", help="this suite only (its name or a path); may be repeated")
    parser.add_argument("--emulator", choices=("motet", "renode"), default=os.environ.get("EMULATOR") or "motet")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="boards at a time")
    parser.add_argument("--output", type=Path, default=REPORTS)
    parser.add_argument("--fail-fast", action="store_true", help="end a board's suites at the first failure")
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")
    return parser.parse_args()


def chosen_suites(names: list[str] | None) -> list[Path]:
    known = {path.stem: path for path in targets.suites()}
    return [known.get(name, Path(name)) for name in names] if names else list(known.values())


def jobs_for(arguments: argparse.Namespace, names: list[str]) -> list[Job]:
    suites = chosen_suites(arguments.suite)
    missing = [str(path) for path in suites if not path.exists()]
    if missing:
        raise RuntimeError(
            f"robot: no such suite: {', '.join(missing)}; there are: {', '.join(p.stem for p in targets.suites())}"
        )
    more = {"COMPONENT": str(component()), "MODEL": str(data("models") / "digits" / "digits.tflite")}
    jobs = []
    for name in names:
        variables = {**targets.variables(boards.load(name)), **more}
        output = arguments.output / name
        jobs.append(Job(name, suites, output, build(name), variables=variables, fail_fast=arguments.fail_fast))
    return jobs


def summary(outcomes: list[Outcome], seconds: float) -> dict[str, Any]:
    boards_ = {o.job.name: {status.lower(): o.count(status) for status in (PASS, FAIL, SKIP)} for o in outcomes}
    return {"robot": boards_, "seconds": round(seconds, 1)}


def main() -> int:
    arguments = parse()
    if arguments.emulator == "renode" and not shutil.which("renode-test"):
        return fail(NO_RENODE)
    names = arguments.board or (targets.in_renode() if arguments.emulator == "renode" else targets.emulated())
    started = time.monotonic()
    try:
        jobs = jobs_for(arguments, names)
    except (RuntimeError, ComponentError, boards.BoardError, runner.RunnerError) as error:
        return fail(str(error))
    if arguments.emulator == "renode":
        return int(bool(in_renode(jobs, arguments.jobs, arguments.output)))
    try:
        failed, outcomes = in_motet(jobs, arguments.jobs, arguments.output)
    except KeyboardInterrupt:
        say("robot: interrupted; the boards are off")
        return 130
    result = summary(outcomes, time.monotonic() - started)
    counts = [sum(board[kind] for board in result["robot"].values()) for kind in ("pass", "fail", "skip")]
    say("robot: {} passed, {} failed, {} skipped in {:.0f} s".format(*counts, result["seconds"]))
    say(f"robot: report in {arguments.output / 'log.html'}")
    if arguments.json:
        print(json.dumps(result))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
