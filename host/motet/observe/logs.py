# SPDX-License-Identifier: Apache-2.0
"""Logging set-up: one handler on stderr, readable text or JSON lines, secrets and control characters removed.

Standard output is never touched: on stdio it carries the MCP protocol itself.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Literal, TextIO

LogFormat = Literal["text", "json"]

# Text from devices and clients ends up in messages: a line break in it must not forge a second log line,
# and an escape sequence must not reach the operator's terminal.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029) if code != 0x09}

_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@")
_NAMED_SECRET = re.compile(
    r"(?i)\b(authorization|password|passwd|secret|token|api[-_]?key|psk)(\"?'?\s*[=:]\s*\"?'?)(?:bearer\s+|basic\s+)?[^\s\"',;&]+"
)

# What a LogRecord carries by itself; anything else was given with `extra=` and belongs into the JSON line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


_LONGEST = 4000

# These report every connection or session at INFO, and each request they refuse at WARNING: the first is noise, the
# second lets anybody fill the log (refused requests are counted and answered with the reason instead).
_QUIET = {
    "mcp": logging.WARNING,
    "mcp.server.request_state": logging.ERROR,
    "mcp.server.transport_security": logging.ERROR,
    "uvicorn": logging.ERROR,
    "asyncio": logging.WARNING,
    "httpx2": logging.WARNING,
    "amqtt": logging.WARNING,
    "transitions": logging.WARNING,
}


# The SDK tells of these as of failures of its own: streams of sessions that ended while something of theirs came in, and
# refusals of what has no id, and so no answer. Anybody could fill the log with them. By name: to import them takes long.
_NO_FAILURES = {
    "mcp.server.streamable_http": {"ClosedResourceError", "BrokenResourceError"},
    "mcp.server.runner": {"MCPError"},
}


def redact(text: str) -> str:
    """Replace passwords in URLs and the values of secret-looking names by `***`."""
    return _NAMED_SECRET.sub(r"\1\2***", _URL_PASSWORD.sub(r"\1:***@", text))


class TextFormatter(logging.Formatter):
    """`12:30:01.250 WARNING gateway.http message`, tracebacks indented below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name logging.Formatter calls
        record.message = _message(record).translate(_CONTROL)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name logging.Formatter calls
        lines = redact(super().formatException(ei)).split("\n")
        return "\n".join("    " + line.translate(_CONTROL) for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (Unix seconds), level, logger, message, the record's extras, exception."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        entry.update((key, _plain(value)) for key, value in vars(record).items() if key not in _STANDARD)
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=True, separators=(",", ":"))


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}… ({len(text) - _LONGEST} more characters)"
    return redact(text)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool | None) else redact(str(value))


def setup_logging(level: str = "info", fmt: LogFormat = "text", stream: TextIO | None = None) -> logging.Handler:
    """Send every log record to `stream` (default stderr), replacing handlers set up before; returns the handler.

    Raises ValueError for an unknown level or format.
    """
    numeric = logging.getLevelNamesMapping().get(level.upper())
    if numeric is None:
        raise ValueError(f"unknown log level {level!r}; use debug, info, warning or error")
    if fmt not in ("text", "json"):
        raise ValueError(f"unknown log format {fmt!r}; use text or json")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if fmt == "json" else TextFormatter())
    logging.basicConfig(level=numeric, handlers=[handler], force=True)
    _quieten(numeric)
    return handler


def _is_failure(record: logging.LogRecord) -> bool:
    return not (record.exc_info and type(record.exc_info[1]).__name__ in _NO_FAILURES[record.name])


def _quieten(level: int) -> None:
    for name in _NO_FAILURES:
        logging.getLogger(name).addFilter(_is_failure)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(level if level <= logging.DEBUG else max(level, least))
