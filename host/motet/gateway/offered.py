# SPDX-License-Identifier: Apache-2.0
"""Resources, templates and prompts: listing them, reading and getting them from their devices, completing arguments."""

from __future__ import annotations

import contextlib
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    GetPromptRequestParams,
    GetPromptResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel

from motet.fleet import Device, Fleet
from motet.gateway import errors, views
from motet.gateway.asking import Asker, Question
from motet.gateway.callers import entity, scopes
from motet.gateway.own import OwnResources
from motet.gateway.pages import BadCursor
from motet.gateway.rules import Rules
from motet.gateway.shelf import PROMPTS, RESOURCES, TEMPLATES, Shelf
from motet.gateway.values import finite, typed, unsendable
from motet.gateway.views import FLEET, View
from motet.wire import Json

Context = ServerRequestContext[Any, Any]

# As policies see it: the name of a tool that nobody has.
READ, GET, COMPLETE = "resources/read", "prompts/get", "completion/complete"
_NOTHING = {"resultType": "complete", "completion": {"values": []}}


class Offered:
    """What devices have besides tools. `own`: resources that the gateway adds for each of them."""

    def __init__(self, fleet: Fleet, asker: Asker, own: OwnResources, page_size: int, rules: Rules | None) -> None:
        self._fleet, self._asker, self._own, self._rules = fleet, asker, own, rules
        self.resources = Shelf(RESOURCES, page_size, lambda view: view.uris, own.entries)
        self.templates = Shelf(TEMPLATES, page_size, lambda view: view.uris, own.templates)
        self.prompts = Shelf(PROMPTS, page_size, lambda view: view.prompts)

    def show(self, device: Device) -> None:
        """Replace what `device` has by what it has now."""
        offers = device.offers
        self.resources.show(device.id, offers.resources)
        self.templates.show(device.id, offers.templates)
        self.prompts.show(device.id, offers.prompts)

    def hide(self, device: str) -> None:
        """The device is gone."""
        for shelf in (self.resources, self.templates, self.prompts):
            shelf.hide(device)

    def fingerprint(self, device: str) -> tuple[bytes | None, bytes | None]:
        """Of the device's resources, templates among them, and of its prompts."""
        resources, templates = self.resources.fingerprint(device), self.templates.fingerprint(device)
        return None if resources is None or templates is None else resources + templates, self.prompts.fingerprint(device)

    def capabilities(self, device: str) -> list[str]:
        """Which of resources, prompts and completions a device has."""
        shelves = self.resources, self.templates, self.prompts
        resources, templates, prompts = (bool(shelf.fingerprint(device)) for shelf in shelves)
        found = {"resources": resources or templates, "prompts": prompts, "completions": templates or prompts}
        return [name for name, there in found.items() if there]

    async def list_resources(self, ctx: Context, params: PaginatedRequestParams) -> Json:
        return _listed(self.resources, ctx, params.cursor)

    async def list_templates(self, ctx: Context, params: PaginatedRequestParams) -> Json:
        return _listed(self.templates, ctx, params.cursor)

    async def list_prompts(self, ctx: Context, params: PaginatedRequestParams) -> Json:
        return _listed(self.prompts, ctx, params.cursor)

    async def read(self, ctx: Context, params: ReadResourceRequestParams) -> Json:
        """The `resources/read` handler. Raises MCPError."""
        modern, view, uri = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS, views.of(ctx), str(params.uri)
        found = view.uris.own(uri)
        device = None if found is None else self._fleet.get(found[0])
        if found is None or device is None:
            raise errors.no_resource(uri, modern)
        await self.may_read(device.id, uri)
        if (made := await self._own.read(device, found[1])) is not None:
            result: Json = {"contents": [made]}
        else:
            try:
                result = await self._ask(ctx, Question(device.id, uri, READ, {"uri": found[1]}, True), ReadResourceResult)
            except MCPError as error:
                if error.code == INVALID_PARAMS:
                    raise errors.no_resource(uri, modern) from error
                raise
        # A reading is old as soon as it is there.
        return _cacheable(renamed(result, view, device.id))

    async def get_prompt(self, ctx: Context, params: GetPromptRequestParams) -> Json:
        """The `prompts/get` handler. Raises MCPError."""
        view = views.of(ctx)
        found = self.prompts.find(view, params.name)
        device = None if found is None else self._fleet.get(found[0])
        if found is None or device is None:
            raise errors.unknown_prompt(params.name)
        await self._allowed(device.id, GET, params.name)
        asked: Json = {"name": found[1]}
        if params.arguments:
            asked["arguments"] = dict(params.arguments)
        result = await self._ask(ctx, Question(device.id, params.name, GET, asked, True), GetPromptResult)
        return renamed(result, view, device.id)

    async def complete(self, ctx: Context, params: CompleteRequestParams) -> Json:
        """The `completion/complete` handler. Raises MCPError."""
        view = views.of(ctx)
        raw: Json = dict(ctx.params or {})
        ref = dict(raw.get("ref") or {})
        member, shelf = ("name", self.prompts) if ref.get("type") == "ref/prompt" else ("uri", self.templates)
        found = shelf.find(view, str(ref.get(member)))
        device = None if found is None else self._fleet.get(found[0])
        if found is None or device is None:
            raise MCPError(INVALID_PARAMS, f"nothing here is called {errors.shorten(str(ref.get(member)))}")
        await self._allowed(device.id, COMPLETE, str(ref.get(member)))
        asked = {"ref": {**ref, member: found[1]}, "argument": raw.get("argument")}
        if (made := await self._own.complete(device, found[1], params.argument.value)) is not None:
            return {**_NOTHING, "completion": {"values": made}}
        question = Question(device.id, found[1], COMPLETE, asked)
        return await self._ask(ctx, question, CompleteResult)

    async def _ask(self, ctx: Context, question: Question, shape: type[BaseModel]) -> Json:
        if wrong := unsendable(question.params):
            raise MCPError(INVALID_PARAMS, f"{errors.shorten(wrong[0])} {wrong[1]}")
        result = {"resultType": "complete", **finite(await self._asker.ask(question, ctx))}
        if result["resultType"] == "input_required":
            return result
        try:
            # The SDK's own check before sending would end as an internal error of the gateway.
            shape.model_validate({"ttlMs": 0, "cacheScope": "private", **result}, by_name=False)
            if shape is GetPromptResult and not typed(message["content"] for message in result["messages"]):
                raise ValueError("content without a type")
        except ValueError:
            raise errors.bad_answer(question.device, question.label) from None
        return result

    async def may_read(self, device: str, uri: str) -> None:
        """Raises MCPError for who may not read the resources of a device, be it there or not."""
        await self._allowed(device, READ, uri)

    async def _allowed(self, device: str, method: str, label: str) -> None:
        if not scopes().read(device):
            raise errors.denied(device, label, "the access token has no scope for it")
        if self._rules is None:
            return
        known = self._fleet.get(device)
        if (denial := await self._rules.call(device, known.board if known else "", method, entity())) is not None:
            raise errors.denied(device, label, denial)


def _listed(shelf: Shelf, ctx: Context, cursor: str | None) -> Json:
    try:
        entries, after = shelf.page(views.of(ctx), cursor, scopes().read)
    except BadCursor as error:
        raise MCPError(INVALID_PARAMS, str(error)) from error
    result = _cacheable({"resultType": "complete", shelf.kind.key: entries})
    return result if after is None else {**result, "nextCursor": after}


def _cacheable(result: Json) -> Json:
    # Never fresh in a cache: devices come and go. Private: authorization may narrow it.
    return {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", **result}


def renamed(result: Json, view: View, device: str) -> Json:
    """A device's result with the URIs in it as this view has them."""
    if view.device:
        return result

    def rename(one: Any) -> Any:
        if isinstance(one, list):
            return [rename(item) for item in one]
        if not isinstance(one, dict):
            return one
        inner = {key: rename(value) if key in _HOLDERS else value for key, value in one.items()}
        return {**inner, "uri": _address(view, device, one["uri"])} if isinstance(one.get("uri"), str) else inner

    return {key: rename(value) if key in _HOLDERS else value for key, value in result.items()}


def _address(view: View, device: str, uri: str) -> str:
    # What is not in the view has no address there; in the fleet it is clear at least whose it is.
    for names in (view.uris, FLEET.uris):
        with contextlib.suppress(ValueError):
            return names.exposed(device, uri)
    return uri


_HOLDERS = ("contents", "content", "messages", "resource")
