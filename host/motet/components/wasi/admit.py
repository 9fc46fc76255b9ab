# SPDX-License-Identifier: Apache-2.0
"""What of WASI a component imports, compared with what gateways offer and with what its manifest wants."""

from __future__ import annotations

from typing import Any

from motet.components.errors import AdmissionError
from motet.components.wasi import groups
from motet.components.wasi.table import RESOURCES, TABLE, Offer

RULE = "imports"
Told = dict[str, Any]


def apart(told: Told) -> Told:
    """What ``component_types`` tells, without WASI: that is in no contract's hands."""
    return told | {"imports": [row for row in told.get("imports", ()) if not groups.is_wasi(row[0])]}


def check(told: Told, wanted: set[str]) -> None:
    """Raises AdmissionError for the first import that is not offered, has another type or is of a part that is not wanted.

    `wanted`: names of ``groups.GROUPS``.
    """
    for instance, names in told["resources"].items():
        _offered(instance, f"import {instance}", wanted)
        if strange := [name for name in names if name not in RESOURCES]:
            raise AdmissionError(RULE, "gateways offer no such resource", f"import {instance}#{strange[0]}")
    for instance, name, params, result in told["imports"]:
        where = f"import {instance}#{name}"
        if groups.is_wasi(instance):
            offer = _offered(instance, where, wanted)
            if name not in offer.rows:
                raise AdmissionError(RULE, "gateways offer no such function", where)
            _compare(offer, name, ([kind for _, kind in params], result), where)


def _offered(instance: str, where: str, wanted: set[str]) -> Offer:
    offer = TABLE.get(groups.unversioned(instance))
    if offer is None or not groups.fits(instance):
        words = f"gateways offer no such interface (of WASI {groups.VERSION} they offer {', '.join(groups.GROUPS)})"
        raise AdmissionError(RULE, words, where)
    group = None if offer.kind.group is None else groups.GROUPS[offer.kind.group]
    if not wanted or (group is not None and group not in wanted):
        one = group or groups.GROUPS[0]
        raise AdmissionError("capabilities", f"the manifest does not want it: add {one!r} to wasi in [capabilities]", where)
    return offer


def _compare(offer: Offer, name: str, found: tuple[list[Any], Any], where: str) -> None:
    if name in offer.types and found != offer.types[name]:
        raise AdmissionError(RULE, "it has another type than in WASI", where)
    # What answers `access-denied` instead of giving a handle, and what would need one.
    result, first = found[1], found[0][:1]
    refusable = isinstance(result, list) and result[0] == "result" and "access-denied" in (result[2] or ())
    owner = "error" if name == "filesystem-error-code" else name.removeprefix("[method]").partition(".")[0]
    if name not in offer.types and not refusable and first != [["borrow", owner]]:
        raise AdmissionError(RULE, "it has another type than in WASI", where)
