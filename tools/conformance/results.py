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
    """One run: of each scenario its checks by status, and what was wrong."""

    name: str
    revision: str
    scored: list[str]
    others: list[str]
    scenarios: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)

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


def table(report: dict[str, Any]) -> str:
    """docs/conformance.md."""
    raise NotImplementedError
