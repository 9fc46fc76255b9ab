# SPDX-License-Identifier: Apache-2.0
"""Deciding with Cedar. Whatever is not plainly allowed is denied: no decision, an error in any policy, an unknown action."""

from __future__ import annotations

import contextlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cedarpy

from motet.policy import schema as schemas
from motet.policy.requests import Entity, Request
from motet.policy.schema import NAMESPACE, Fields

DEFAULT = Path(__file__).with_name("default.cedar")
# Decisions remembered: a hot tool is decided once, and a caller cannot fill the memory.
_REMEMBERED = 4096
_TOLD = 10


class PolicyError(Exception):
    """Policies that do not parse or do not fit the schema; the message names the policy and what is wrong."""


@dataclass(frozen=True)
class Decision:
    """`policies`: the @id of those that decided; `errors`: what kept the others from it. Any error denies."""

    allowed: bool
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """One sentence for people."""
        if self.errors:
            return "the policy could not decide: " + "; ".join(self.errors)
        if self.policies:
            return ("allowed by " if self.allowed else "forbidden by ") + ", ".join(self.policies)
        return "no policy allows it"


class Policy:
    """A set of Cedar policies, validated against the schema of `capabilities`. Raises PolicyError.

    A decision depends on the request alone, so answers are remembered; new policies mean a new object.
    """

    def __init__(self, policies: str, capabilities: Mapping[str, Fields]) -> None:
        text = schemas.build(capabilities)
        _validate(policies, text)
        self._policies = cedarpy.PolicySet.from_str(policies)
        self._schema = cedarpy.Schema.from_str(text)
        self._known: OrderedDict[tuple[Request, tuple[type, ...]], Decision] = OrderedDict()

    @classmethod
    def load(cls, paths: list[Path], capabilities: Mapping[str, Fields]) -> Policy:
        """The policies of all files together; without files, Motet's default. Raises PolicyError."""
        try:
            texts = [path.read_text(encoding="utf-8") for path in (paths or [DEFAULT])]
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"policies: {error}") from None
        return cls("\n".join(texts), capabilities)

    def decide(self, request: Request) -> Decision:
        """Never raises: what cannot be decided is denied, with the reason in `errors`."""
        # To Python 1 and True are equal, to Cedar they are not.
        key = request, tuple(type(value) for _, value in request.context)
        known = self._known.get(key)
        if known is not None:
            # Another thread may just have dropped it.
            with contextlib.suppress(KeyError):
                self._known.move_to_end(key)
            return known
        decision = self._known[key] = self._decide(request)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return decision

    def _decide(self, request: Request) -> Decision:
        try:
            entities = cedarpy.Entities.from_json_str(json.dumps(_entities(request)), self._schema)
            answer = cedarpy.is_authorized(_cedar(request), self._policies, entities, self._schema)
        except Exception as error:  # what the engine raises is not documented, and none of it may allow anything
            return Decision(False, errors=(f"{type(error).__name__}: {error}",))
        errors = tuple(str(error) for error in answer.diagnostics.errors)
        named = answer.diagnostics.id_annotations_by_reason
        policies = tuple(sorted(str(named.get(reason, reason)) for reason in answer.diagnostics.reasons))
        return Decision(answer.decision is cedarpy.Decision.Allow and not errors, policies, errors)


def _validate(policies: str, schema: str) -> None:
    try:
        result = cedarpy.validate_policies(policies, schema)
    except ValueError as error:
        raise PolicyError(f"policies: {error}") from None
    if not result.validation_passed:
        told = [f"{error.policy_id}: {error.error}" if error.policy_id else str(error.error) for error in result.errors]
        raise PolicyError("policies: " + "; ".join(told[:_TOLD]))


def _entities(request: Request) -> list[dict[str, Any]]:
    named = [request.principal, request.resource, *(value for _, value in request.context if isinstance(value, Entity))]
    records = [record for entity in named for record in entity.records()]
    return list({(record["uid"]["type"], record["uid"]["id"]): record for record in records}.values())


def _cedar(request: Request) -> dict[str, Any]:
    values = {name: {"__entity": value.uid} if isinstance(value, Entity) else value for name, value in request.context}
    return {
        "principal": _name(request.principal),
        "action": f"{NAMESPACE}::Action::{json.dumps(request.action)}",
        "resource": _name(request.resource),
        "context": values,
    }


def _name(entity: Entity) -> str:
    return f"{NAMESPACE}::{entity.kind}::{json.dumps(entity.id)}"
