# SPDX-License-Identifier: Apache-2.0
"""A fleet of two presses, an oven and a gate, a group of it and a virtual server."""

from __future__ import annotations

import contextlib

from tests.support.memory_fleet import ADD, MemoryDevice, MemoryFleet, serving, text

from motet.config import Group, VirtualServer
from motet.fleet import Offers

READ = {"name": "vitals.read", "description": "Reads how it is.", "inputSchema": {"type": "object"}}
OFFERS = Offers(
    resources=({"uri": "device://sensors/heat", "name": "heat"}, {"uri": "device://sensors/door", "name": "door"}),
    templates=({"uriTemplate": "log://{day}", "name": "log"},),
    prompts=({"name": "explain", "description": "Its own."}, {"name": "other"}),
)
PRESSES = Group(name="presses", title="The presses", instructions="Mind your hands.", devices=["press-*"])
LINE = VirtualServer.model_validate(
    {
        "name": "line",
        "title": "Line 1",
        "instructions": "Ask before anything moves.",
        "tools": [
            {"device": "press-1", "tool": "vitals.read", "as": "health", "description": "Of the first press."},
            {"device": "press-*", "tool": "math.*"},
            {"device": "oven", "tool": "*", "as": "bake.{tool}"},
        ],
        "prompts": [{"device": "oven", "prompt": "explain", "as": "explain", "description": "The oven's."}],
        "resources": [
            {"device": "oven", "resource": "device://sensors/heat", "as": "line://heat", "description": "Its heat."},
            {"device": "press-1", "resource": "log://*"},
        ],
    }
)


async def read(params, _progress):
    return {"contents": [{"uri": params["uri"], "text": f"content of {params['uri']}"}]}


async def said(params, _progress):
    return {"messages": [{"role": "user", "content": {"type": "text", "text": params["name"]}}]}


async def linked(params, _progress):
    links = [{"type": "resource_link", "uri": f"device://sensors/{name}", "name": name} for name in ("heat", "door")]
    return {**text("well"), "content": links}


async def completed(params, _progress):
    return {"completion": {"values": [params["ref"].get("uri") or params["ref"]["name"]]}}


def made():
    presses = [MemoryDevice(f"press-{n}", [ADD, READ], offers=OFFERS) for n in (1, 2)]
    fleet = MemoryFleet(*presses, MemoryDevice("oven", [READ, ADD], offers=OFFERS), MemoryDevice("gate", [READ]))
    fleet.answers |= {"vitals.read": linked, "resources/read": read, "explain": said, "completion/complete": completed}
    return fleet


@contextlib.asynccontextmanager
async def serving_views(fleet=None, **settings):
    async with serving(fleet or made(), **{"groups": (PRESSES,), "servers": (LINE,), **settings}) as (url, app):
        yield url, app
