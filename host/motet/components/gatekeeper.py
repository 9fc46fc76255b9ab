# SPDX-License-Identifier: Apache-2.0
"""Who may change what runs on devices: signature, policy and audit in one place. Whatever is not allowed never gets further."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from motet import policy
from motet.components import attestations, grants
from motet.components.errors import ComponentError
from motet.components.grants import Permit
from motet.components.manifest import parse
from motet.components.oci.bundle import PROVENANCE, SBOM
from motet.components.packages import COMPONENT, Package
from motet.components.signature import Checked, SignatureError, checked
from motet.policy import Audit, Decision, Policy
from motet.trust import PrivateKey, TrustError, TrustStore

# Refused entries that are told; more help nobody.
_TOLD = 5
ALLOWED, DENIED, DONE, FAILED = "allowed", "denied", "done", "failed"


class DeniedError(ComponentError):
    """The policy does not allow it; the message says what was asked and why not."""


class Gatekeeper:
    """`actor` in all methods: the name of the principal who asks. Everything here may wait for the disk.

    `key` is the gateway's own: it signs for devices what was allowed here.
    """

    def __init__(self, rules: Policy, trusted: TrustStore, audit: Audit, key: PrivateKey | None = None) -> None:
        self._rules, self._trusted, self._audit = rules, trusted, audit
        self.key = key

    def install(self, actor: str, package: Package, device: str, board: str) -> Checked:
        """Who published it and what of it they signed; nobody did for an unsigned package that is allowed.

        Raises DeniedError, SignatureError.
        """
        subject = f"{device}/{package.kind}/{package.name}"
        facts: dict[str, Any] = {"revision": package.revision, "sha256": hashlib.sha256(package.content).hexdigest()}
        try:
            found = checked(package, self._trusted)
            attestations.check(found.package)
        except (ComponentError, TrustError) as error:
            self._audit.append(actor, "install", subject, DENIED, {**facts, "reason": str(error)})
            raise SignatureError(str(error)) from None
        what = _entity(found)
        author = ", ".join(found.publishers)
        decision = self._decide(actor, "install", what, device, board)
        facts |= {"publisher": author, "reason": decision.reason}
        self._audit.append(actor, "install", subject, ALLOWED if decision.allowed else DENIED, facts)
        if not decision.allowed:
            raise DeniedError(f"{package.kind} {package.name} may not be installed on {device}: {_why(decision, author)}")
        return found

    def permit(self, actor: str, package: Package, publishers: Sequence[str], device: str, board: str) -> Permit | None:
        """What a component may do on the device: all that its manifest wants, or DeniedError; None when it wants nothing."""
        manifest = parse(package.manifest) if package.kind == COMPONENT else None
        if manifest is None or not manifest.capabilities.wanted:
            return None
        subject = f"{device}/{package.kind}/{package.name}"
        refused = grants.decide(self._rules, manifest, publishers, device, board)
        facts: dict[str, Any] = {"revision": package.revision, "capabilities": list(manifest.capabilities.wanted)}
        if refused:
            told = "; ".join(map(str, refused[:_TOLD]))
            self._audit.append(actor, "grant", subject, DENIED, {**facts, "reason": told})
            advice = "docs/capabilities.md says how a policy in [policy] files allows it"
            raise DeniedError(f"component {package.name} may not have on {device}: {told}; {advice}")
        # The number of this entry is the grant's serial: it grows for as long as the audit lives.
        entry = self._audit.append(actor, "grant", subject, ALLOWED, {**facts, "expires": manifest.capabilities.expires or 0})
        return Permit(manifest, device, entry.seq)

    def remove(self, actor: str, kind: str, name: str, device: str, board: str) -> None:
        """Raises DeniedError."""
        decision = self._decide(actor, "remove", policy.package(kind, name, 0), device, board)
        subject = f"{device}/{kind}/{name}"
        self._audit.append(actor, "remove", subject, ALLOWED if decision.allowed else DENIED, {"reason": decision.reason})
        if not decision.allowed:
            raise DeniedError(f"{kind} {name} may not be removed from {device}: {decision.reason}")

    def fetch(self, actor: str, package: Package) -> None:
        """Whether `actor` may take a copy. A signature of a key that is trusted no more counts for none. Raises DeniedError."""
        try:
            found = checked(package, self._trusted)
        except (ComponentError, TrustError):
            found = Checked((), replace(package, attachments=()))
        decision = self._rules.decide(policy.fetch(policy.principal(actor), _entity(found)))
        outcome, subject = ALLOWED if decision.allowed else DENIED, f"{package.kind}/{package.name}"
        self._audit.append(actor, "fetch", subject, outcome, {"revision": package.revision, "reason": decision.reason})
        if not decision.allowed:
            raise DeniedError(f"{package.kind} {package.name} may not be fetched: {decision.reason}")

    def record(self, actor: str, action: str, subject: str, error: str = "") -> None:
        """Write down how something that was allowed has ended."""
        self._audit.append(actor, action, subject, FAILED if error else DONE, {"error": error} if error else None)

    def _decide(self, actor: str, action: str, what: policy.Entity, device: str, board: str) -> Decision:
        return self._rules.decide(policy.change(policy.principal(actor), action, what, policy.device(device, board)))


def _entity(found: Checked) -> policy.Entity:
    package, there = found.package, dict(found.package.attachments)
    header = package.kind, package.name, package.revision
    return policy.package(*header, *found.publishers, sbom=SBOM in there, provenance=PROVENANCE in there)


def _why(decision: Decision, author: str) -> str:
    if not author and not decision.policies and not decision.errors:
        return "it is not signed, and no policy allows it by name; sign it with `motet sign`, or name a policy in [policy] files"
    return decision.reason
