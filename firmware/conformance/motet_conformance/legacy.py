# SPDX-License-Identifier: Apache-2.0
"""Tools that the suite calls at revision 2025-11-25. To the device they are like the others: the gateway turns what it needs
into the requests of that revision."""

import json

from motet_conformance.inputs import ASKS, need, sample
from motet_conformance.parts import NOTHING, answers, text
from motet_core.platform import sleep_ms

LEVEL = "io.modelcontextprotocol/logLevel"


def _asking(key, message, properties, required=None):
    schema = {"type": "object", "properties": properties, "required": list(properties) if required is None else required}
    return need({key: {"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}}})


async def _logging(device, params, request):
    for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        if LEVEL in params.get("_meta", {}):
            line = {"level": "info", "data": words, "requestId": request.id}
            await device.rpc.tell(request, "notifications/message", line)
        await sleep_ms(50)
    return text("logged")


async def _sampling(device, params, request):
    given = answers(params).get("sample")
    if given is None:
        return need({"sample": sample(params["arguments"].get("prompt", ""), 100)})
    return text("LLM response: " + json.dumps(given.get("content")))


async def _elicitation(device, params, request):
    given = answers(params).get("form")
    if given is None:
        properties = {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        }
        return _asking("form", params["arguments"].get("message", ""), properties)
    return text("User response: action=%s, content=%s" % (given.get("action"), json.dumps(given.get("content"))))


def _completed(given):
    return text("Elicitation completed: action=%s, content=%s" % (given.get("action"), json.dumps(given.get("content"))))


async def _defaults(device, params, request):
    given = answers(params).get("form")
    if given is not None:
        return _completed(given)
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return _asking("form", "Please check these values", properties, [])


async def _enums(device, params, request):
    given = answers(params).get("form")
    if given is not None:
        return _completed(given)
    plain = ["option1", "option2", "option3"]
    titled = [{"const": "value%d" % one, "title": "Option %d" % one} for one in (1, 2, 3)]
    legacy = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]}
    properties = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": legacy["enum"], "enumNames": legacy["enumNames"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return _asking("form", "Please choose", properties, [])


def _one(name):
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}


TOOLS = {
    "test_elicitation": (_one("message"), _elicitation, ASKS),
    "test_elicitation_sep1034_defaults": (NOTHING, _defaults, ASKS),
    "test_elicitation_sep1330_enums": (NOTHING, _enums, ASKS),
    "test_sampling": (_one("prompt"), _sampling, ASKS),
    "test_tool_with_logging": (NOTHING, _logging, ASKS),
}
