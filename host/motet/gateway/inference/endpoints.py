# SPDX-License-Identifier: Apache-2.0
"""Endpoints that stand in for a model: OpenAI-compatible ones, and tools of MCP servers. What leaves the site is limited by data
class and by a number of calls a day."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import httpx2
from mcp import Client
from mcp.shared.exceptions import MCPError

from motet.config.beyond import Endpoint
from motet.gateway.inference.places import NotHere, Wish
from motet.gateway.local import Context
from motet.wire import Json

_DAY_S = 86_400
_LONGEST = 1 << 20
_PROMPT = (
    "You stand in for the model {model!r}, which could not run. Its input follows as JSON. Answer with its output as JSON alone."
)


class Remote:
    """One endpoint. Its budget is counted since the start of the process, in days of UTC."""

    def __init__(self, settings: Endpoint) -> None:
        self._settings = settings
        self._day, self._calls = 0, 0

    async def infer(self, _ctx: Context, wish: Wish) -> tuple[str, Json]:
        """Raises NotHere."""
        settings = self._settings
        if wish.data_class not in settings.data_classes:
            raise NotHere(f"{settings.name}: data of class {wish.data_class} may not go there")
        if settings.models and wish.model not in settings.models:
            raise NotHere(f"{settings.name}: not for this model")
        self._count()
        try:
            result = await (self._openai(wish) if settings.kind == "openai" else self._mcp(wish))
        except (httpx2.HTTPError, MCPError, OSError, ValueError, ExceptionGroup) as error:
            raise NotHere(f"{settings.name}: {_said(error)}") from error
        return f"endpoint:{settings.name}", result

    def _count(self) -> None:
        day = int(time.time() // _DAY_S)
        if day != self._day:
            self._day, self._calls = day, 0
        if self._calls >= self._settings.calls_per_day:
            raise NotHere(f"{self._settings.name}: its {self._settings.calls_per_day} calls of today are used up")
        self._calls += 1

    def _token(self) -> str | None:
        name = self._settings.token_env
        if name and not os.environ.get(name):
            raise ValueError(f"the environment variable {name} is not set")
        return os.environ.get(name) if name else None

    async def _openai(self, wish: Wish) -> Json:
        messages = [
            {"role": "system", "content": _PROMPT.format(model=wish.model)},
            {"role": "user", "content": json.dumps(wish.arguments)},
        ]
        body = {"model": self._settings.model or wish.model, "messages": messages}
        token = self._token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self._settings.url.rstrip("/") + "/chat/completions"
        # Redirects would carry data to where nobody allowed it to go.
        async with httpx2.AsyncClient(timeout=self._settings.timeout_s, follow_redirects=False) as client:
            answer = await client.post(url, json=body, headers=headers)
        answer.raise_for_status()
        if len(answer.content) > _LONGEST:
            raise ValueError(f"an answer of {len(answer.content)} bytes")
        return _completed(answer.json())

    async def _mcp(self, wish: Wish) -> Json:
        async with Client(self._settings.url, read_timeout_seconds=self._settings.timeout_s) as client:
            result = await client.call_tool(self._settings.tool, {"model": wish.model, **wish.arguments})
        dumped: Json = result.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"resultType": "complete", **dumped}


def _completed(answer: Any) -> Json:
    """What a chat completion says, as the result of a tool. Raises ValueError."""
    try:
        text = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise ValueError("its answer is no chat completion") from None
    if not isinstance(text, str):
        raise ValueError("its answer holds no text")
    return {"resultType": "complete", "isError": False, "content": [{"type": "text", "text": text}], **_structured(text)}


def _structured(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return {"structuredContent": value} if isinstance(value, dict) else {}


def _said(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return (str(error) or type(error).__name__)[:300]
