# SPDX-License-Identifier: Apache-2.0
"""The tool `models.infer`: asks one place after the other, in the configured order, and says where the answer comes from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from motet.components.depot import Depot
from motet.config.beyond import Inference as Settings
from motet.config.values import DATA_CLASSES
from motet.fleet import Fleet
from motet.gateway import errors
from motet.gateway.fleettools import Call
from motet.gateway.inference.endpoints import Remote
from motet.gateway.inference.places import Devices, Here, NotHere, Place, Wish
from motet.gateway.local import Context, LocalTools
from motet.gateway.rules import Rules
from motet.wire import Json

log = logging.getLogger(__name__)

_TENSOR = {"type": ["string", "array"], "items": {"type": "number"}}
ENTRY = {
    "name": "models.infer",
    "title": "Run a model",
    "description": "Runs a model where it can be run best: on the device asked for, else on another one that has it,"
    " on the gateway, or at an endpoint of the configuration. The result says where it ran, and what was tried before.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "model": {"type": "string", "minLength": 1, "maxLength": 31},
            "input": {**_TENSOR, "description": "The input tensor: its bytes as base64, or its numbers."},
            "inputs": {
                "type": "array",
                "items": _TENSOR,
                "maxItems": 16,
                "description": "All tensors, for a model with several.",
            },
            "device": {"type": "string", "maxLength": 32, "description": "The device that shall do it if it can."},
            "data_class": {"enum": list(DATA_CLASSES), "description": "What the input is; decides where it may go (internal)."},
        },
        "required": ["model"],
        "additionalProperties": False,
    },
    "annotations": {"readOnlyHint": True, "openWorldHint": True},
}


class Inference:
    """`call`: what each tools/call goes through. `depot`: the packages that the gateway keeps."""

    def __init__(self, settings: Settings, fleet: Fleet, call: Call, depot: Depot, rules: Rules | None) -> None:
        self._settings = settings
        self._places: dict[str, list[Place]] = {
            "device": [Devices(fleet, call, others=False, rules=rules)],
            "fleet": [Devices(fleet, call, others=True, rules=rules)],
            "gateway": [Here(depot, rules)],
            "endpoint": [Remote(one) for one in settings.endpoints],
        }

    def register(self, tools: LocalTools) -> None:
        """Adds the tool, shown to everybody."""
        tools.add(ENTRY, self.infer, always=True)

    async def infer(self, ctx: Context, arguments: Json) -> Json:
        """The result of the first place that has one, with `_meta` saying where."""
        wish = _wish(arguments)
        tried: list[str] = []
        for name in self._settings.order:
            for place in self._places[name]:
                try:
                    async with asyncio.timeout(self._settings.timeout_s.get(name, self._settings.default_timeout_s)):
                        where, result = await place.infer(ctx, wish)
                except NotHere as reason:
                    tried.append(f"{name}: {reason}")
                except TimeoutError:
                    tried.append(f"{name}: no answer in time")
                else:
                    return _marked(result, where, tried)
        log.info("models.infer %s ran nowhere: %s", wish.model, tried)
        return _marked(errors.tool_error(f"model {wish.model} can run nowhere: {'; '.join(tried)}"[:2000]), "nowhere", tried)


def _wish(arguments: Json) -> Wish:
    passed: Json = {key: arguments[key] for key in ("model", "input", "inputs") if key in arguments}
    return Wish(arguments["model"], passed, arguments.get("device", ""), arguments.get("data_class", "internal"))


def _marked(result: Mapping[str, object], where: str, tried: list[str]) -> Json:
    meta = result.get("_meta")
    marked = {**(meta if isinstance(meta, dict) else {}), "motet/where": where, "motet/tried": tried}
    value = result.get("structuredContent")
    # Also where a model reads it.
    shown = {"structuredContent": {**value, "where": where}} if isinstance(value, dict) else {}
    return {**result, **shown, "_meta": marked}
