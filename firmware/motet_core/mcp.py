# SPDX-License-Identifier: Apache-2.0
"""The stateless MCP 2026-07-28 methods of a device: server/discover, tools/list, tools/call."""

import json

from motet_core import errors, schema
from motet_core.errors import InvalidParams, Later, ToolError
from motet_core.offers import PAGE_OVERHEAD, page
from motet_core.wire.dictionary import PREFIX
from motet_core.wire.packed import to_base64

PROTOCOL = "2026-07-28"
_UNSUPPORTED_VERSION = -32022


class UnsupportedVersion(errors.MotetError):
    code = _UNSUPPORTED_VERSION

    def __init__(self, requested):
        super().__init__("unsupported protocol version")
        self.data = {"supported": [PROTOCOL], "requested": requested}


class Mcp:
    """`supervisor` knows the tools, `offers` what else there is; `name` and `version` are told in server/discover."""

    def __init__(self, supervisor, offers, name, version, max_total):
        self._supervisor, self._offers = supervisor, offers
        self._info = {"name": name, "version": version}
        self._page = max_total - PAGE_OVERHEAD

    def methods(self):
        return {"server/discover": self.discover, "tools/list": self.list_tools, "tools/call": self.call_tool}

    async def discover(self, params, request):
        _check_version(params)
        capabilities = self._offers.capabilities()
        capabilities["tools"] = {"listChanged": True}
        return {
            "resultType": "complete",
            "supportedVersions": [PROTOCOL],
            "capabilities": capabilities,
            "ttlMs": 0,
            "cacheScope": "private",
            "_meta": {PREFIX + "serverInfo": self._info},
        }

    async def list_tools(self, params, request):
        _check_version(params)
        names = self._supervisor.names()
        return page(params, len(names), lambda index: self._supervisor.entry(names[index]), self._page, "tools")

    async def call_tool(self, params, request):
        _check_version(params)
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str):
            raise InvalidParams("name: expected string")
        if not self._supervisor.has(name):
            raise InvalidParams("name: unknown tool " + name[:64])
        host = self._supervisor.host(name)
        if hasattr(host, "handle"):
            found = schema.problem(arguments, self._supervisor.input_schema(name))
            return _tool_error(ToolError(found, "arguments")) if found else await host.handle(name, params, request)
        return await self._told(self._call(name, arguments, request))

    async def _call(self, name, arguments, request):
        found = schema.problem(arguments, self._supervisor.input_schema(name))
        if found:
            raise ToolError(found, "arguments")
        return await self._supervisor.call(name, arguments, request)

    async def _told(self, working):
        """What a tool did, or one step of it, as the result of tools/call."""
        try:
            value, text = await working
        except ToolError as error:
            return _tool_error(error)
        except Later as later:
            work = later.work
            later.proceed = lambda request, tell: self._told(work.proceed(request, tell))
            raise
        return _tool_result(value, as_json(value) if text is None else text)


def as_json(value):
    """Compact JSON text; byte strings in the outermost object become base64, as they do on their way through the gateway."""
    if isinstance(value, dict):
        value = {name: to_base64(item) if isinstance(item, bytes) else item for name, item in value.items()}
    return json.dumps(value, separators=(",", ":"))


def _tool_result(value, text):
    result = {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": False}
    if value is not None:
        result["structuredContent"] = value
    return result


def _tool_error(error):
    return {
        "resultType": "complete",
        "content": [{"type": "text", "text": str(error)}],
        "isError": True,
        "_meta": {"motet/error": error.kind},
    }


def _check_version(params):
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        raise InvalidParams("_meta: expected object")
    version = meta.get(PREFIX + "protocolVersion", PROTOCOL)
    if version != PROTOCOL:
        raise UnsupportedVersion(version if isinstance(version, str) else None)
