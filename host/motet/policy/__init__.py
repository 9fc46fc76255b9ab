# SPDX-License-Identifier: Apache-2.0
"""What is allowed, decided in one place, and the audit of it."""

from motet.policy.audit import Audit, Entry, Verdict
from motet.policy.engine import Decision, Policy, PolicyError
from motet.policy.requests import Entity, Request, call, capability, change, device, fetch, message, package, principal

__all__ = [
    "Audit",
    "Decision",
    "Entity",
    "Entry",
    "Policy",
    "PolicyError",
    "Request",
    "Verdict",
    "call",
    "capability",
    "change",
    "device",
    "fetch",
    "message",
    "package",
    "principal",
]
