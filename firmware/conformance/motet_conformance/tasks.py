# SPDX-License-Identifier: Apache-2.0
"""Tools whose work outlasts a request (extension io.modelcontextprotocol/tasks).

A device answers {"resultType": "task", "requestState": ..., "pollIntervalMs": ...} while it works, and is asked again with
that state; it keeps nothing of it between, and is free for other calls. The gateway makes the durable task of it.
"""

from motet_conformance.inputs import ASKS, form, need
from motet_conformance.parts import NOTHING, elicited, text
from motet_core.platform import clock_ms

_POLL_MS = 200


def working(state, after=_POLL_MS):
    return {"resultType": "task", "requestState": state, "pollIntervalMs": after}


def job(work):
    """Takes the call as a task first, and does `work` when asked again."""

    async def first(device, params, request):
        if params.get("requestState") is None:
            return working("begun", 1)
        return await work(device, params, request)

    return first


async def _greet(device, params, request):
    return text("Hello, %s!" % params["arguments"].get("name", "World"))


async def _slow(device, params, request):
    state = params.get("requestState")
    seconds = params["arguments"].get("seconds", 1)
    if state is None and not seconds:
        return text("computed at once")
    until = clock_ms() + int(seconds * 1000) if state is None else int(state)
    left = until - clock_ms()
    return text("computed") if left <= 0 else working(str(until), min(_POLL_MS, max(1, left)))


async def _fail(device, params, request):
    result = text("the job failed")
    result["isError"] = True
    return result


async def _confirm(device, params, request):
    given = elicited(params, "confirm")
    if given is None:
        return need({"confirm": form("Delete %s?" % params["arguments"].get("filename"), confirm="boolean")}, "asked")
    return text("deleted" if given.get("confirm") else "kept")


async def _multi(device, params, request):
    first, second = elicited(params, "first"), elicited(params, "second")
    if first is None or second is None:
        return need({"first": form("First name?", name="string"), "second": form("Second name?", name="string")}, "asked")
    return text("%s and %s" % (first.get("name"), second.get("name")))


async def _input_first(device, params, request):
    """Asks before it becomes a task; the answer travels on in the state."""
    state, given = params.get("requestState"), elicited(params, "user_name")
    if state is not None and state.startswith("name:"):
        return text("Hello, %s!" % state[5:])
    if given is None:
        return need({"user_name": form("What is your name?", name="string")}, "asked")
    return working("name:%s" % given.get("name"), 1)


def _support(how):
    entry = {"execution": {"taskSupport": how}}
    entry.update(ASKS)
    return entry


_NAME = {"type": "object", "properties": {"name": {"type": "string"}}}
_SECONDS = {"type": "object", "properties": {"seconds": {"type": "number"}, "label": {"type": "string"}}}
_FILE = {"type": "object", "properties": {"filename": {"type": "string"}}}
TOOLS = {
    "confirm_delete": (_FILE, job(_confirm), _support("optional")),
    "failing_job": (NOTHING, job(_fail), _support("required")),
    "greet": (_NAME, _greet, {}),
    "multi_input": (NOTHING, job(_multi), _support("optional")),
    "slow_compute": (_SECONDS, _slow, _support("optional")),
    "test_tool_with_task": (NOTHING, _input_first, _support("required")),
}
