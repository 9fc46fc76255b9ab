# SPDX-License-Identifier: Apache-2.0
"""Tools that answer "input_required" (MCP 2026-07-28, multi round-trip requests). The device keeps nothing between rounds."""

import json

from motet_conformance.parts import NOTHING, answers, capable, elicited, text

# A tool that marks itself so is told what the client can be asked for.
ASKS = {"_meta": {"motet/asks": True}}
ROOTS = {"method": "roots/list", "params": {}}


def form(message, **properties):
    schema = {"type": "object", "properties": {}, "required": list(properties)}
    for name in properties:
        schema["properties"][name] = {"type": properties[name]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def sample(question, most):
    message = {"role": "user", "content": {"type": "text", "text": question}}
    return {"method": "sampling/createMessage", "params": {"messages": [message], "maxTokens": most}}


def need(requests, state=None):
    result = {"resultType": "input_required", "inputRequests": requests}
    if state is not None:
        result["requestState"] = state
    return result


NAME = form("What is your name?", name="string")


async def _elicitation(device, params, request):
    given = elicited(params, "user_name")
    if given is None or not isinstance(given.get("name"), str):
        return need({"user_name": NAME})
    return text("Hello, %s!" % given["name"])


async def _sampling(device, params, request):
    given = answers(params).get("capital_question")
    if given is None:
        return need({"capital_question": sample("What is the capital of France?", 100)})
    return text("model said: " + json.dumps(given.get("content")))


async def _roots(device, params, request):
    given = answers(params).get("client_roots")
    return need({"client_roots": ROOTS}) if given is None else text("roots: " + json.dumps(given.get("roots")))


async def _state(device, params, request):
    if elicited(params, "confirm") is not None and params.get("requestState") == "nonce":
        return text("state-ok")
    return need({"confirm": form("Please confirm", ok="boolean")}, "nonce")


async def _multiple(device, params, request):
    given = answers(params)
    if all(key in given for key in ("user_name", "greeting", "client_roots")):
        return text("all inputs received")
    return need({"user_name": NAME, "greeting": sample("Generate a greeting", 50), "client_roots": ROOTS}, "multi")


async def _rounds(device, params, request):
    step, given = params.get("requestState"), answers(params)
    if step == "1" and "step1" in given:
        return need({"step2": form("Step 2: What is your favorite color?", color="string")}, "2")
    if step == "2" and "step2" in given:
        return text("both answers received")
    return need({"step1": form("Step 1: What is your name?", name="string")}, "1")


async def _tampered(device, params, request):
    # The gateway seals the state, and has refused a forged one before it gets here.
    if params.get("requestState") is not None:
        return text("state-ok")
    return need({"confirm": form("Please confirm", ok="boolean")}, "round-1")


async def _capabilities(device, params, request):
    asked = {}
    if capable(params, "sampling"):
        asked["sample"] = sample("Say hello", 50)
    if capable(params, "elicitation"):
        asked["ask"] = NAME
    return need(asked, "gated")


async def _missing(device, params, request):
    # The gateway refuses for a client that did not declare sampling.
    if "answer" in answers(params):
        return text("sampled")
    return need({"answer": sample("Say hello", 50)})


_PREFIX = "test_input_required_result_"
TOOLS = {
    "test_missing_capability": (NOTHING, _missing, ASKS),
    "test_streaming_elicitation": (NOTHING, _elicitation, ASKS),
    _PREFIX + "capabilities": (NOTHING, _capabilities, ASKS),
    _PREFIX + "elicitation": (NOTHING, _elicitation, ASKS),
    _PREFIX + "list_roots": (NOTHING, _roots, ASKS),
    _PREFIX + "multi_round": (NOTHING, _rounds, ASKS),
    _PREFIX + "multiple_inputs": (NOTHING, _multiple, ASKS),
    _PREFIX + "request_state": (NOTHING, _state, ASKS),
    _PREFIX + "sampling": (NOTHING, _sampling, ASKS),
    _PREFIX + "tampered_state": (NOTHING, _tampered, ASKS),
}
