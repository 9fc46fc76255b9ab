# SPDX-License-Identifier: Apache-2.0
"""The guard of tool calls: asked before each, answered from memory for those seen before."""

from __future__ import annotations

import asyncio

from motet import policy
from motet.policy import Audit, Policy

ANONYMOUS = policy.principal("anonymous")
DATA_CLASS = "internal"


class Rules:
    """Decides calls by `policies`; what is denied goes into `audit`, one entry a call."""

    def __init__(self, policies: Policy, audit: Audit) -> None:
        self._policies, self.audit = policies, audit

    def message(self, sender: tuple[str, str], component: str, target: tuple[str, str], topic: str, to: str) -> bool:
        """Whether a component may say something to those of another device; devices are (id, board)."""
        where, there = policy.device(*sender), policy.device(*target)
        return self._policies.decide(policy.message(where, component, there, topic, to)).allowed

    async def call(
        self, device: str, board: str, tool: str, who: policy.Entity = ANONYMOUS, data_class: str = DATA_CLASS
    ) -> str | None:
        """None when `who` may call `tool` of the device, else the reason why not, which is in the audit by then."""
        decision = self._policies.decide(policy.call(who, policy.device(device, board), tool, data_class))
        if decision.allowed:
            return None
        detail = {"reason": decision.reason, "data_class": data_class}
        await asyncio.to_thread(self.audit.append, who.id, "call", f"{device}/{tool}"[:200], "denied", detail)
        return decision.reason
