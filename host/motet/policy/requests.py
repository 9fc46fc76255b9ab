# SPDX-License-Identifier: Apache-2.0
"""What can be asked of a policy: entities and requests as plain data, hashable so that answers can be remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from motet.policy.schema import NAMESPACE

Value = str | int | bool


@dataclass(frozen=True)
class Entity:
    """One Cedar entity: `kind` without the namespace, its id, its attributes and the entities it belongs to."""

    kind: str
    id: str
    attributes: tuple[tuple[str, Value], ...] = ()
    parents: tuple[Entity, ...] = ()

    @property
    def uid(self) -> dict[str, str]:
        return {"type": f"{NAMESPACE}::{self.kind}", "id": self.id}

    def records(self) -> list[dict[str, Any]]:
        """This entity and those it belongs to, in Cedar's JSON form."""
        own = {"uid": self.uid, "attrs": dict(self.attributes), "parents": [parent.uid for parent in self.parents]}
        return [own, *(record for parent in self.parents for record in parent.records())]


@dataclass(frozen=True)
class Request:
    """May `principal` do `action` to `resource`? `context`: (name, value), a value being data or an entity."""

    principal: Entity
    action: str
    resource: Entity
    context: tuple[tuple[str, Value | Entity], ...] = field(default=())


def principal(name: str, *roles: str) -> Entity:
    """Who calls: a client, a user or another gateway, in its roles."""
    return Entity("Principal", name, parents=tuple(Entity("Role", role) for role in roles))


def device(name: str, board: str) -> Entity:
    return Entity("Device", name, (("board", board),))


def call(who: Entity, where: Entity, tool: str, data_class: str) -> Request:
    """A tools/call of `tool` ("component.name" or "group.verb") on a device."""
    component, _, verb = tool.partition(".")
    resource = Entity("Tool", f"{where.id}/{tool}", (("component", component), ("name", verb)), (where,))
    return Request(who, "call", resource, (("dataClass", data_class),))


def package(kind: str, name: str, revision: int, *publishers: str, sbom: bool = False, provenance: bool = False) -> Entity:
    """An artifact; `publishers` are the trusted keys that signed it, `sbom` and `provenance` whether they signed such, too."""
    header = (("kind", kind), ("name", name), ("revision", revision))
    attributes = (*header, ("signed", bool(publishers)), ("sbom", sbom), ("provenance", provenance))
    return Entity("Package", f"{kind}/{name}", attributes, tuple(Entity("Publisher", one) for one in publishers))


def change(who: Entity, action: str, what: Entity, where: Entity) -> Request:
    """`action`: "install" or "remove" of a package on a device."""
    return Request(who, action, what, (("device", where),))


def fetch(who: Entity, what: Entity) -> Request:
    """May another gateway, or whoever asks, take a copy of a package?"""
    return Request(who, "fetch", what)


def message(sender: Entity, component: str, target: Entity, topic: str, to: str) -> Request:
    """A message of a component of the device `sender` to those of `target`: of a topic, or to the one named `to`."""
    return Request(sender, "message", target, (("component", component), ("to", to), ("topic", topic)))


def capability(component: str, publishers: Sequence[str], name: str, where: Entity, /, **values: Value) -> Request:
    """May the component use capability `name` on the device with these values?"""
    attributes = (("name", component), ("signed", bool(publishers)))
    who = Entity("Component", component, attributes, tuple(Entity("Publisher", one) for one in publishers))
    return Request(who, name, where, tuple(sorted(values.items())))
