# SPDX-License-Identifier: Apache-2.0
"""Resources that the gateway adds to each device: its twin, its log, and the cards of its models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from motet.fleet import Device, Fleet, FleetError
from motet.gateway.lastlines import LastLines
from motet.paths import data
from motet.wire import Json
from motet_core.wire.packed import from_base64

_TWIN, _LOG, _CARD = "gateway://twin", "gateway://log", "gateway://models/"
_TIMEOUT_S = 10.0
Describe = Callable[[Device], Mapping[str, Any]]


class OwnResources:
    """`describe` says what is known of a device, as JSON."""

    def __init__(self, fleet: Fleet, describe: Describe) -> None:
        self._fleet, self._describe = fleet, describe
        self._logs = LastLines()
        self._cards: dict[str, Path] | None = None

    def entries(self, device: str) -> tuple[Json, ...]:
        """List entries for the device of this id, with URIs as if it had them itself."""
        twin = {
            "uri": _TWIN,
            "name": "twin",
            "title": f"Twin of {device}",
            "description": "What the gateway knows of the device: board, firmware, link, tools.",
            "mimeType": "application/json",
        }
        return twin, {"uri": _LOG, "name": "log", "title": f"Log of {device}", "mimeType": "text/plain"}

    def templates(self, device: str) -> tuple[Json, ...]:
        """Templates likewise."""
        card = {
            "uriTemplate": _CARD + "{model}/card",
            "name": "model-card",
            "title": f"Card of a model on {device}",
            "description": "What a model is for, how it was trained and how well it does.",
            "mimeType": "text/markdown",
        }
        return (card,)

    def heard(self, device: Device, params: Mapping[str, Any]) -> str:
        """Keep a line of the device's log, the params of its notifications/message; returns what it changed."""
        text = params.get("data", "")
        line = f"{params.get('level', 'info')}: {text if isinstance(text, str) else json.dumps(text, default=str)}"
        self._logs.add(device.id, line)
        return _LOG

    def forget(self, device: str) -> None:
        """The device will not come back."""
        self._logs.forget(device)

    async def read(self, device: Device, uri: str) -> Json | None:
        """The content of a resource that the gateway adds; None for any other."""
        if uri == _TWIN:
            return _content(uri, json.dumps(dict(self._describe(device))), "application/json")
        if uri == _LOG:
            return _content(uri, self._logs.of(device.id), "text/plain")
        if uri.startswith(_CARD) and uri.endswith("/card"):
            name = unquote(uri[len(_CARD) : -len("/card")])
            card = self._card((await self._models(device)).get(name))
            return None if card is None else _content(uri, card, "text/markdown")
        return None

    async def complete(self, device: Device, template: str, begun: str) -> list[str] | None:
        """Names of models on the device that begin so, for a template of ours; None for any other."""
        if template != _CARD + "{model}/card":
            return None
        return sorted(quote(name, safe="") for name in await self._models(device) if name.startswith(begun))[:100]

    async def _models(self, device: Device) -> dict[str, str]:
        """Name and digest of the models installed on it."""
        try:
            rows = (await self._fleet.call(device.id, "artifact.list", {}, _TIMEOUT_S)).get("artifacts")
        except FleetError:
            return {}
        found = [row for row in rows or () if isinstance(row, dict) and row.get("kind") == "model"]
        return {str(row.get("name")): str(row.get("digest")) for row in found}

    def _card(self, digest: object) -> str | None:
        """The card beside the model file with this digest, among those that Motet brings."""
        if self._cards is None:
            files = sorted(data("models").glob("*/*.tflite"))
            self._cards = {hashlib.sha256(file.read_bytes()).hexdigest(): file.parent / "README.md" for file in files}
        # Bytes arrive as base64.
        card = self._cards.get((from_base64(str(digest)) or b"").hex())
        return card.read_text(encoding="utf-8") if card is not None and card.exists() else None


def _content(uri: str, text: str, mime: str) -> Json:
    return {"uri": uri, "mimeType": mime, "text": text}
