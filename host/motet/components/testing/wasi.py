# SPDX-License-Identifier: Apache-2.0
"""WASI in tests of components for gateways: the parts that Component.toml wants, as the node serves them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from motet.components.conformance import key
from motet.components.manifest import Manifest
from motet.components.wasi import admit, groups
from motet.components.wasi.table import TABLE
from motet_core.imports import Imports, guarded

Tell = Callable[[str, str], None]


def works(told: dict[str, Any], manifest: Manifest, tell: Tell) -> dict[str, Callable[..., Any]]:
    """What stands behind the imports of WASI by core name; `tell` gets level and text of lines, also of those about denials.

    Raises AdmissionError for what gateways do not offer, or the manifest does not want.
    """
    if "refused" in told:
        # Whoever starts it says why.
        return {}
    wanted = manifest.capabilities
    admit.check(told, {entry["name"] for entry in wanted.wanted.get(groups.NAME, ())})
    outbox = SimpleNamespace(tell=lambda level, _, data: tell(level, str(data)))
    device = SimpleNamespace(clock=object(), outbox=outbox, port=SimpleNamespace(log=lambda text: tell("error", text)))
    grant = SimpleNamespace(good=device.clock, limits=wanted.limits())
    granted = Imports(device, manifest.component.name, grant, {})
    rows = [row for row in told["imports"] if groups.is_wasi(row[0])]
    return {key(*row[:2]): _work(granted, row[0], row[1]) for row in rows}


def _work(granted: Imports, interface: str, name: str) -> Callable[..., Any]:
    path = groups.unversioned(interface)
    offer = TABLE[path]
    part = offer.kind(granted)
    part.use(offer.entries(granted.grant.limits))
    work: Callable[..., Any] = guarded(granted, path, part, *offer.rows[name])
    return work
