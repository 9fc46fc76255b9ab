# SPDX-License-Identifier: Apache-2.0
"""Grants: what a policy has allowed a component on one device, as the device takes it (``motet_core.grant``)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from motet import policy
from motet.components import capabilities
from motet.components.errors import ComponentError
from motet.components.manifest import Manifest
from motet.policy import Policy
from motet.trust import PrivateKey, sign
from motet.trust.signing import GRANT
from motet_core import cbor
from motet_core.grants import MAX_BYTES

_COMPONENT, _REVISION, _DIGEST, _DEVICE, _UNTIL, _LIMITS, _SERIAL = range(1, 8)


@dataclass(frozen=True)
class Permit:
    """What was allowed: all that `manifest` wants, on `device`, under a serial that only grows."""

    manifest: Manifest
    device: str
    serial: int

    def signed(self, key: PrivateKey, digest: bytes) -> bytes:
        """The grant for the artifact with this SHA-256, from now on. Raises ComponentError when no device could keep it."""
        header, wanted = self.manifest.component, self.manifest.capabilities
        fields: dict[int, Any] = {_COMPONENT: header.name, _REVISION: header.revision, _DIGEST: digest, _DEVICE: self.device}
        if wanted.expires is not None:
            fields[_UNTIL] = int(time.time()) + wanted.expires
        envelope = sign(key, cbor.dumps(fields | {_LIMITS: wanted.limits(), _SERIAL: self.serial}), GRANT)
        if len(envelope) > MAX_BYTES:
            raise ComponentError(
                f"the capabilities of {header.name} take {len(envelope)} bytes, {MAX_BYTES} at most: use patterns"
            )
        return envelope


@dataclass(frozen=True)
class Refusal:
    """An entry that no policy allows, and why."""

    capability: str
    entry: dict[str, Any]
    reason: str

    def __str__(self) -> str:
        said = ", ".join(f"{key} = {value!r}" for key, value in self.entry.items())
        return f"{self.capability} {{{said}}}: {self.reason}"


def decide(rules: Policy, manifest: Manifest, publishers: Sequence[str], device: str, board: str) -> list[Refusal]:
    """What of the wanted capabilities the policies do not allow; nothing for a component that may have all it wants."""
    where, refused = policy.device(device, board), []
    for name, entries in manifest.capabilities.wanted.items():
        for entry in entries:
            values = context(name, entry, manifest.capabilities.expires)
            decision = rules.decide(policy.capability(manifest.component.name, publishers, name, where, **values))
            if not decision.allowed:
                refused.append(Refusal(name, entry, decision.reason))
    return refused


def context(name: str, entry: dict[str, Any], expires: int | None) -> dict[str, Any]:
    """What policies see of an entry: its values, with 0 for a rate that is not limited, and the common ones."""
    capability = capabilities.known()[name]
    given = {key.name: entry.get(key.name, 0) for key in capability.keys}
    wildcard = any(char in text for text in capability.patterns(entry) for char in "*+#")
    return given | {"wildcard": wildcard, "expires": expires or 0}
