# SPDX-License-Identifier: Apache-2.0
"""schemathesis on the HTTP API of a running gateway: requests as its own document allows them, and as it does not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx2
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

Json = dict[str, Any]
TIMEOUT_S = 20.0
# What is a time, what is printable and what an upload must hold besides, a schema does not say: 400 is an answer, too.
LEFT_OUT = [positive_data_acceptance]
SHOWN = 600


def described(base: str, devices: list[str]) -> Json:
    """The document of the gateway at `base`, with `devices` as examples of ids, so that requests get further than to 404."""
    told: Json = httpx2.get(f"{base}/api/openapi.json", timeout=TIMEOUT_S).raise_for_status().json()
    for operations in told["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["name"] == "device" and parameter["in"] == "path":
                    parameter["schema"] = {"anyOf": [{"enum": devices}, parameter["schema"]]}
    return told


class ApiFuzz:
    """What came of it: `requests` by operation, `failures` in the words of schemathesis."""

    def __init__(self, base: str, devices: list[str]) -> None:
        self._base, self.requests, self.failures = base, Counter[str](), dict[str, str]()
        self._schema = schemathesis.openapi.from_dict(described(base, devices))

    def run(self, examples: int) -> None:
        """`examples` requests of either kind to each operation, always the same ones."""
        for found in self._schema.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self._ask(operation, mode, examples)

    def _ask(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        limits = settings(
            max_examples=examples, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip

        @limits
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            # That stream has no end.
            assume((case.query or {}).get("follow") != "1")
            self.requests[operation.label] += 1
            case.call_and_validate(base_url=self._base, timeout=TIMEOUT_S, excluded_checks=LEFT_OUT)

        try:
            ask()
        except Unsatisfiable:
            # An operation without parameters: there is nothing that it would not take.
            return
        except FailureGroup as failure:
            self.failures[f"{operation.label} {mode.value}"] = "; ".join(map(str, failure.exceptions))[:SHOWN]
