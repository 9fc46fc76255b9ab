# SPDX-License-Identifier: Apache-2.0
"""Reads what the suite wrote, and makes the table of docs/conformance.md of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import suite

BAD = ("FAILURE", "WARNING")
_FOLDER = re.compile(r"(?:server-|client-)?(.+?)-\d{4}-\d\d-\d\dT[\w-]+Z?\Z")


@dataclass
class Leg:
    """One run: of each scenario its checks by status, and what was wrong. `absent`: scenarios that concern nothing the server
    announces."""

    name: str
    revision: str
    scored: list[str]
    others: list[str]
    scenarios: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def leave_out(self, absent: dict[str, str]) -> None:
        """Count nothing of these scenarios; they stay in the report with the reason."""
        self.absent = absent
        self.scored = [name for name in self.scored if name not in absent]
        self.others = [name for name in self.others if name not in absent]
        for name in absent:
            self.scenarios.pop(name, None)
            self.wrong.pop(name, None)

    def good(self, names: list[str]) -> list[str]:
        """Those that ran and failed in nothing."""
        return [name for name in names if name in self.scenarios and not self.scenarios[name]["FAILURE"]]

    @property
    def passed(self) -> bool:
        """Whether everything scored that ran is good."""
        ran = [name for name in self.scored if name in self.scenarios]
        return bool(self.scenarios) and len(self.good(ran)) == len(ran)

    def line(self) -> str:
        """One sentence."""
        bad = [name for name in self.scenarios if self.scenarios[name]["FAILURE"]]
        scored, others = self.good(self.scored), self.good(self.others)
        told = f"{len(scored)} of {len(self.scored)} scored, {len(others)} of {len(self.others)} others"
        told += f", {len(self.absent)} not announced" if self.absent else ""
        return told + (f"; not passed: {', '.join(bad)}" if bad else "")

    def as_json(self) -> dict[str, Any]:
        """For build/conformance.json."""
        return {
            "leg": self.name,
            "revision": self.revision,
            "scored": [len(self.good(self.scored)), len(self.scored)],
            "others": {name: name in self.good([name]) for name in self.others},
            "checks": dict(sum(self.scenarios.values(), Counter())),
            "scenarios": {name: dict(counts) for name, counts in sorted(self.scenarios.items())},
            "wrong": self.wrong,
            "not_announced": self.absent,
        }


def read(name: str, revision: str, kind: str, folder: Path) -> Leg:
    """The results below `folder`."""
    scored, others = requirements(revision, kind)
    leg = Leg(name, revision, scored, others)
    for file in sorted(folder.rglob("checks.json")):
        scenario = _scenario(file.parent.relative_to(folder).as_posix(), {*scored, *others})
        checks = json.loads(file.read_text())
        leg.scenarios[scenario] = Counter(check["status"] for check in checks)
        wrong = [f"{check['id']}: {check['status']}: {check.get('errorMessage')}" for check in checks if check["status"] in BAD]
        if wrong:
            leg.wrong[scenario] = wrong
    return leg


def _scenario(folder: str, known: set[str]) -> str:
    found = _FOLDER.match(folder)
    text = found[1] if found else folder
    return text if text in known else text.replace("auth-", "auth/", 1)


def requirements(revision: str, kind: str) -> tuple[list[str], list[str]]:
    """(scored, reported only) scenarios, from the suite's frozen list."""
    text = (suite.PACKAGE / "requirements" / f"{revision}.yaml").read_text()
    scored = re.search(rf"^{kind}:\n((?:  - .+\n)+)", text, re.MULTILINE)
    entries = re.findall(r"- scenario: (\S+)\n    leg: (\w+)", text)
    return re.findall(r"  - (\S+)", scored[1] if scored else ""), [name for name, leg in entries if leg == kind]


LEGS = {
    "gateway": "gateway, fixture on CPython",
    "firmware": "gateway, fixture in firmware (virt_rv32 in QEMU)",
    "edge": "edge node by itself, through a thin HTTP relay",
    "client": "the gateway's own client",
}


def table(report: dict[str, Any]) -> str:
    """docs/conformance.md: what the last run found."""
    rows = [_row(leg) for leg in report["legs"]]
    notes = [_note(leg) for leg in report["legs"]]
    text = Path(__file__).with_name("table.md").read_text(encoding="utf-8")
    return text.format(suite=report["suite"], rows="\n".join(rows), notes="\n".join(note for note in notes if note))


def _row(leg: dict[str, Any]) -> str:
    tasks = [good for name, good in leg["others"].items() if name.startswith("tasks-")]
    others = [good for name, good in leg["others"].items() if not name.startswith("tasks-")]
    cells = [LEGS[leg["leg"]], leg["revision"], f"{leg['scored'][0]}/{leg['scored'][1]}"]
    cells += [f"{sum(tasks)}/{len(tasks)}" if tasks else "–", f"{sum(others)}/{len(others)}"]
    cells += [str(leg["checks"].get("SUCCESS", 0)), str(sum(leg["checks"].get(status, 0) for status in BAD))]
    return f"| {' | '.join(cells)} |"


def _note(leg: dict[str, Any]) -> str:
    bad = sorted(name for name, counts in leg["scenarios"].items() if counts.get("FAILURE"))
    warned = sorted(name for name, counts in leg["scenarios"].items() if counts.get("WARNING") and name not in bad)
    told = [f"fails {', '.join(bad)}"] if bad else []
    told += [f"is warned in {', '.join(warned)}"] if warned else []
    told += [f"not announced: {', '.join(sorted(absent))}"] if (absent := leg.get("not_announced")) else []
    return f"- {LEGS[leg['leg']]}, {leg['revision']}: {'; '.join(told)}." if told else ""
