# SPDX-License-Identifier: Apache-2.0
"""What every answer must be, whatever was asked: a typed error or a valid result, and nothing of another caller."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mcp_types.methods import SERVER_NOTIFICATIONS, SERVER_REQUESTS, SERVER_RESULTS, validate_server_result
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from pydantic import ValidationError
from tests.support.fuzz_client import Answer
from tests.support.fuzz_messages import Request

VERSIONS = (LATEST_MODERN_VERSION, *HANDSHAKE_PROTOCOL_VERSIONS)
TOLD = {method for method, _ in (*SERVER_NOTIFICATIONS, *SERVER_REQUESTS)} | {"notifications/tasks"}
SHOWN = 300


def is_failure(answer: Answer) -> bool:
    """Whether it is the gateway's fault: any status of 5xx but "come back later"."""
    return answer.status >= 500 and not (answer.status == 503 and "retry-after" in answer.headers)


def problem(request: Request, answer: Answer, foreign: list[bytes]) -> str | None:
    """What is wrong with the answer; `foreign`: what must not be in it."""
    if answer.status == 0:
        return "no answer" if not answer.closed else None
    if is_failure(answer):
        return f"status {answer.status}"
    text = answer.body + repr(answer.headers).encode()
    for secret in foreign:
        if secret in text:
            return "holds what belongs to another caller"
    try:
        return _problem_of_body(request, answer)
    except (ValueError, ValidationError) as error:
        return f"{type(error).__name__}: {str(error)[:SHOWN]}"


def _problem_of_body(request: Request, answer: Answer) -> str | None:
    if answer.kind == "text/event-stream":
        for message in _events(answer.body):
            if (wrong := _problem_of_message(request, message)) is not None:
                return wrong
        return None
    if answer.kind == "application/json" and request.verb != "HEAD" and answer.body:
        message = json.loads(answer.body)
        if answer.status >= 400 and isinstance(message, dict) and isinstance(message.get("error"), str):
            return None
        return _problem_of_message(request, message)
    return "an answer of another kind" if answer.status == 200 and answer.body else None


def _events(body: bytes) -> Iterator[Any]:
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n")[:-1]:
        data = b"\n".join(line[5:].lstrip() for line in block.split(b"\n") if line.startswith(b"data:"))
        if data:
            yield json.loads(data)


def _problem_of_message(request: Request, message: Any) -> str | None:
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return "no JSON-RPC message"
    if "method" in message:
        return None if message["method"] in TOLD else f"an unknown method {message['method']}"
    if ("result" in message) == ("error" in message):
        return "neither result nor error, or both"
    if "error" in message:
        error = message["error"]
        typed = isinstance(error, dict) and type(error.get("code")) is int and isinstance(error.get("message"), str)
        if typed and error["code"] == -32603:
            return f"an internal error: {error['message'][:SHOWN]}"
        return None if typed else "an error without code and message"
    return _problem_of_result(request, message)


def _problem_of_result(request: Request, message: Any) -> str | None:
    asked = json.loads(request.body)
    if not isinstance(asked, dict):
        return "a result for what is no request"
    if message["id"] != asked.get("id") or type(message["id"]) is not type(asked.get("id")):
        return f"a result for another id, {message['id']!r:.60}"
    method, result = asked["method"], message["result"]
    versions = [version for version in VERSIONS if (method, version) in SERVER_RESULTS]
    if method.startswith("tasks/") or result.get("resultType") == "task":
        return None if isinstance(result, dict) else "a result that is no object"
    return None if any(_valid(method, version, result) for version in versions) else f"no valid result of {method}"


def _valid(method: str, version: str, result: Any) -> bool:
    try:
        validate_server_result(method, version, result)
    except ValidationError:
        return False
    return True
