#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the official MCP conformance suite and keep what it found.

    tools/run_conformance.py [--leg gateway|firmware|edge|client]... [--revision R]... [--scenario S] [--table]

Prints one JSON object and keeps it in build/conformance.json, with the other legs of earlier runs; with --table also writes
docs/conformance.md from that.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from conformance import announced, results, suite, world  # noqa: E402

LEGS = ("gateway", "firmware", "edge", "client")
STORED = ROOT / "build/conformance.json"
OUTPUT = ROOT / "build/conformance"


def say(text: str) -> None:
    print(f"conformance: {text}", file=sys.stderr, flush=True)


async def server_leg(leg: str, revision: str, scenario: str | None) -> results.Leg:
    """One run of the server scenarios; the fixture is new for each."""
    folder = OUTPUT / f"{leg}-{revision}"
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.ExitStack() as device:
        line = device.enter_context(world.firmware() if leg == "firmware" else world.core())
        async with world.gateway(line) as url:
            await suite.server(url, revision, folder, scenario)
    return results.read(leg, revision, "server", folder)


async def edge_leg(revision: str, scenario: str | None) -> results.Leg:
    """One run of the server scenarios against the edge node alone; what it does not announce is left out by name."""
    folder = OUTPUT / f"edge-{revision}"
    shutil.rmtree(folder, ignore_errors=True)
    async with world.edge() as url:
        offers = await announced.capabilities(url, revision)
        await suite.server(url, revision, folder, scenario)
    leg = results.read("edge", revision, "server", folder)
    leg.leave_out(announced.absent([*leg.scored, *leg.others], offers, revision))
    return leg


async def one_leg(leg: str, revision: str, scenario: str | None) -> results.Leg:
    if leg == "client":
        return await client_leg(revision, scenario)
    return await (edge_leg(revision, scenario) if leg == "edge" else server_leg(leg, revision, scenario))


async def client_leg(revision: str, scenario: str | None) -> results.Leg:
    folder = OUTPUT / f"client-{revision}"
    shutil.rmtree(folder, ignore_errors=True)
    await suite.client([sys.executable, str(ROOT / "tools/conformance/client.py")], revision, folder, scenario)
    return results.read("client", revision, "client", folder)


async def run(legs: list[str], revisions: list[str], scenario: str | None) -> list[results.Leg]:
    done = []
    for leg in legs:
        for revision in revisions:
            if leg == "client" and revision != "2026-07-28":
                continue
            say(f"{leg}, {revision}")
            made = await one_leg(leg, revision, scenario)
            say(made.line())
            done.append(made)
    return done


def kept(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What earlier runs of this very suite found in legs that did not run this time."""
    ran = {(leg["leg"], leg["revision"]) for leg in report["legs"]}
    try:
        before = json.loads(STORED.read_text())
        return [leg for leg in before["legs"] if before["suite"] == report["suite"] and (leg["leg"], leg["revision"]) not in ran]
    except (OSError, ValueError, KeyError):
        return []


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--leg", action="append", choices=LEGS, help="default: all")
    parser.add_argument("--revision", action="append", choices=suite.REVISIONS, help="default: both")
    parser.add_argument("--scenario", help="one scenario only")
    parser.add_argument("--table", action="store_true", help="write docs/conformance.md")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        legs = asyncio.run(run(arguments.leg or list(LEGS), arguments.revision or list(suite.REVISIONS), arguments.scenario))
    except (suite.SuiteError, subprocess.SubprocessError, OSError) as error:
        say(str(error))
        return 1
    report: dict[str, Any] = {"suite": suite.version(), "legs": [leg.as_json() for leg in legs]}
    print(json.dumps(report))
    report["legs"] = kept(report) + report["legs"]
    report["legs"].sort(key=lambda leg: (LEGS.index(leg["leg"]), suite.REVISIONS.index(leg["revision"])))
    STORED.parent.mkdir(exist_ok=True)
    STORED.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.table:
        (ROOT / "docs/conformance.md").write_text(results.table(report))
    return int(not all(leg.passed for leg in legs))


if __name__ == "__main__":
    sys.exit(main())
