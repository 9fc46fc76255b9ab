# SPDX-License-Identifier: Apache-2.0
"""The tools, resources and prompts that the official MCP conformance suite looks for, as a provider of the device core.

One source for MicroPython and CPython. Each tool is a row of TOOLS and an async function of (device, params, request); what it
answers is the whole result. Names, texts and schemas are the suite's (@modelcontextprotocol/conformance 0.2.0-alpha.12).
"""

import json

from motet_conformance import inputs, legacy, tasks
from motet_conformance.parts import NOTHING, WAV, elicited, image, resource, text
from motet_core.errors import InternalError
from motet_core.platform import sleep_ms


async def _progress(device, params, request):
    token = params.get("_meta", {}).get("progressToken")
    for done in (0, 50, 100):
        if token is not None:
            report = {"progressToken": token, "progress": done, "total": 100}
            await device.rpc.tell(request, "notifications/progress", report)
        await sleep_ms(50)
    return text("progress reported")


async def _tool_change(device, params, request):
    # A list that really changes: a gateway compares, and announces nothing that stayed the same.
    device.conformance.extra = not device.conformance.extra
    await device.catalogue_changed()
    return text("changed")


async def _prompt_change(device, params, request):
    device.conformance.extra_prompt = not device.conformance.extra_prompt
    await device.announce()
    await device.notify("notifications/prompts/list_changed")
    return text("changed")


async def _touch(device, params, request):
    device.conformance.touched += 1
    await device.notify("notifications/resources/updated", {"uri": "test://watched-resource"})
    return text("touched")


async def _crash(device, params, request):
    raise InternalError("internal error, see the device log")


def _fixed(result):
    async def work(device, params, request):
        return result

    return work


_SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
}
_REGION = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
_MIXED = {
    "content": [
        {"type": "text", "text": "Multiple content types test:"},
        image(),
        resource("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ]
}
_EMBEDDED = resource("test://embedded-resource", "This is an embedded resource content.")
_ERROR = text("This tool intentionally returns an error for testing")
_ERROR["isError"] = True

# name: (input schema, function, further members of the tools/list entry)
TOOLS = {
    "json_schema_2020_12_tool": (_SCHEMA_2020_12, _fixed(text("ok")), {}),
    "test_audio_content": (NOTHING, _fixed({"content": [{"type": "audio", "data": WAV, "mimeType": "audio/wav"}]}), {}),
    "test_embedded_resource": (NOTHING, _fixed({"content": [_EMBEDDED]}), {}),
    "test_error_handling": (NOTHING, _fixed(_ERROR), {}),
    "test_image_content": (NOTHING, _fixed({"content": [image()]}), {}),
    "test_logging_tool": (NOTHING, _fixed(text("a log line is sent only where one is asked for")), {}),
    "test_multiple_content_types": (NOTHING, _fixed(_MIXED), {}),
    "test_simple_text": (NOTHING, _fixed(text("This is a simple text response for testing.")), {}),
    "test_tool_with_progress": (NOTHING, _progress, {}),
    "test_touch_resource": (NOTHING, _touch, {}),
    "test_trigger_prompt_change": (NOTHING, _prompt_change, {}),
    "test_trigger_tool_change": (NOTHING, _tool_change, {}),
    "test_x_mcp_header": (_REGION, _fixed(text("ok")), {}),
}
for _more in (inputs.TOOLS, legacy.TOOLS, tasks.TOOLS):
    TOOLS.update(_more)
TOOLS["protocol_error_job"] = (NOTHING, tasks.job(_crash), {"execution": {"taskSupport": "optional"}})
_EXTRA = "test_extra_tool"


def user(content):
    return {"role": "user", "content": content}


def _messages(name, arguments):
    if name == "test_simple_prompt":
        return [user({"type": "text", "text": "This is a simple prompt for testing."})]
    if name == "test_prompt_with_arguments":
        given = "Prompt with arguments: arg1='%s', arg2='%s'" % (arguments.get("arg1"), arguments.get("arg2"))
        return [user({"type": "text", "text": given})]
    if name == "test_prompt_with_embedded_resource":
        embedded = resource(arguments.get("resourceUri", "test://example"), "Embedded resource content for testing.")
        return [user(embedded), user({"type": "text", "text": "Please process the embedded resource above."})]
    return [user(image()), user({"type": "text", "text": "Please analyze the image above."})]


PROMPTS = {
    "test_input_required_result_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_simple_prompt": (),
}


class Conformance:
    """A tool host, and provider of resources and prompts."""

    blocking = False

    def __init__(self, device):
        self._device = device
        device.conformance = self
        self.extra = self.extra_prompt = False
        self.touched = 0

    def tools(self):
        return list(TOOLS) + ([_EXTRA] if self.extra else [])

    def describe(self, name):
        if name == _EXTRA:
            return {"name": name, "description": name, "inputSchema": NOTHING}
        schema, _, more = TOOLS[name]
        entry = {"name": name, "description": name, "inputSchema": schema}
        entry.update(more)
        return entry

    async def handle(self, name, params, request):
        result = text("extra") if name == _EXTRA else await TOOLS[name][1](self._device, params, request)
        if "resultType" not in result:
            result = dict(result)
            result["resultType"] = "complete"
        return result

    def resources(self):
        rows = (("static-text", "text/plain"), ("static-binary", "image/png"), ("watched-resource", "text/plain"))
        return [{"uri": "test://" + name, "name": name, "mimeType": mime} for name, mime in rows]

    def templates(self):
        return [{"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"}]

    def prompts(self):
        names = sorted(PROMPTS) + (["test_extra_prompt"] if self.extra_prompt else [])
        return [{"name": name, "description": name, "arguments": self._arguments(name)} for name in names]

    def _arguments(self, name):
        return [{"name": argument, "required": True} for argument in PROMPTS.get(name, ())]

    async def read(self, uri, params, request):
        content = {"uri": uri, "mimeType": "text/plain"}
        if uri == "test://static-text":
            content["text"] = "This is the content of the static text resource."
        elif uri == "test://static-binary":
            content.update({"mimeType": "image/png", "blob": image()["data"]})
        elif uri == "test://watched-resource":
            content["text"] = "Watched resource content, touched %d times" % self.touched
        elif uri.startswith("test://template/") and uri.endswith("/data"):
            given = uri[len("test://template/") : -len("/data")]
            value = {"id": given, "templateTest": True, "data": "Data for ID: " + given}
            content.update({"mimeType": "application/json", "text": json.dumps(value)})
        else:
            return None
        return {"contents": [content]}

    async def prompt(self, name, params, request):
        if name == "test_input_required_result_prompt":
            given = elicited(params, "user_context")
            if given is None:
                return inputs.need({"user_context": inputs.form("What context should the prompt use?", context="string")})
            return {"resultType": "complete", "messages": [user({"type": "text", "text": json.dumps(given)})]}
        if name not in PROMPTS:
            return None
        return {"resultType": "complete", "messages": _messages(name, params.get("arguments", {}))}

    async def complete(self, params, request):
        given = params.get("argument", {}).get("value", "")
        values = [one for one in ("paris", "park", "party") if one.startswith(given)]
        return {"resultType": "complete", "completion": {"values": values, "total": len(values), "hasMore": False}}
