# SPDX-License-Identifier: Apache-2.0
"""The Cedar schema: who can be asked about, and one action for each capability that the WIT contracts name.

Policies are validated against it before they count, so that a mistyped attribute is an error and not a rule that never
holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMESPACE = "Motet"
_FIXED = """namespace Motet {
  entity Role;
  entity Principal in [Role];
  entity Device { board: String };
  entity Tool in [Device] { component: String, name: String };
  entity Publisher;
  entity Package in [Publisher] { kind: String, name: String, revision: Long, signed: Bool, sbom: Bool, provenance: Bool };
  entity Component in [Publisher] { name: String, signed: Bool };
  action "call" appliesTo { principal: Principal, resource: Tool, context: { dataClass: String } };
  action "install" appliesTo { principal: Principal, resource: Package, context: { device: Device } };
  action "remove" appliesTo { principal: Principal, resource: Package, context: { device: Device } };
  action "fetch" appliesTo { principal: Principal, resource: Package, context: {} };
  action "message" appliesTo { principal: Device, resource: Device, context: { component: String, to: String, topic: String } };
%s}
"""
_CAPABILITY = '  action "%s" appliesTo { principal: Component, resource: Device, context: { %s } };\n'
_TYPES = {"text": "String", "number": "Long", "flag": "Bool"}
_NAME = re.compile(r"[a-z][a-z0-9-]*")

Fields = Mapping[str, str]
"""Fields of a capability by name: "text", "number" or "flag"."""


def build(capabilities: Mapping[str, Fields]) -> str:
    """The schema with an action for each capability; its context holds one value of each of the capability's fields.

    Raises ValueError for a name or type that Cedar would not take, or an action that is there already.
    """
    return _FIXED % "".join(_action(name, capabilities[name]) for name in sorted(capabilities))


def _action(name: str, fields: Fields) -> str:
    if not _NAME.fullmatch(name) or name in ("call", "install", "remove", "fetch", "message"):
        raise ValueError(f"{name!r} cannot be the name of a capability")
    for field, kind in fields.items():
        if not _NAME.fullmatch(field) or kind not in _TYPES:
            raise ValueError(f"{name}: field {field!r} of type {kind!r}")
    return _CAPABILITY % (name, ", ".join(f"{field}: {_TYPES[fields[field]]}" for field in sorted(fields)))
