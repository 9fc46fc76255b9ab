# SPDX-License-Identifier: Apache-2.0
"""Who takes part in a fuzzing run, and what came of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.support.fuzz_checks import is_failure
from tests.support.fuzz_client import Answer
from tests.support.fuzz_messages import Request


@dataclass
class Caller:
    """`marker` is in everything that belongs to the caller; no other may ever get to see it."""

    name: str
    devices: str
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    marker: str = field(default_factory=lambda: f"marker-{secrets.token_hex(8)}")

    def table(self) -> str:
        """Its entry in motet.toml."""
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        scopes = [f"call:{self.devices}.*", f"read:{self.devices}"]
        return f'[[auth.tokens]]\nname = "{self.name}"\nsha256 = "{digest}"\nscopes = {json.dumps(scopes)}\n'


@dataclass
class Report:
    """What was sent and what came of it; `examples` holds the first request with each problem."""

    http: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, request: Request, answer: Answer, wrong: str | None) -> None:
        """Count one exchange."""
        self.http += 1
        self.statuses[answer.status] += 1
        self.failures += is_failure(answer)
        if wrong is not None:
            kind = wrong.partition(":")[0]
            self.problems[kind] += 1
            self.examples.setdefault(kind, f"{wrong} <- {request!r:.1500} -> {answer!r:.600}")


def faults(outcome: dict[str, Any]) -> dict[str, Any]:
    """The part of an outcome that should not be; empty when all is well."""
    bad = ("crashes", "status_5xx", "hung", "leaks", "problems", "others_wrong", "log_failures")
    found = {name: outcome[name] for name in bad if outcome[name]}
    if not (outcome["intact"] and outcome["others_right"]):
        found["intact"] = False
    return {**found, "examples": outcome["examples"]} if found else {}
