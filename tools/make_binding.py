# SPDX-License-Identifier: Apache-2.0
"""Writes docs/binding.md: the MCP device binding, from wit/wire.cddl, the dictionary and messages as this code packs them.

``python tools/make_binding.py [--check]``: with ``--check`` nothing is written, and a document that is not current fails.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from motet_core.wire import blocks, dictionary, hello, packed, presence
from motet_core.wire.catalogue import hash_packed

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/binding.md"
TEMPLATE = ROOT / "tools/binding.md"
_SECTION = re.compile(r"^; ---- (.+?) -+$", re.MULTILINE)

CALL = {
    "jsonrpc": "2.0",
    "id": 7,
    "method": "tools/call",
    "params": {"name": "vote.push", "arguments": {"label": 3}},
}
RESULT = {
    "jsonrpc": "2.0",
    "id": 7,
    "result": {
        "resultType": "complete",
        "content": [{"type": "text", "text": '{"label":3,"votes":1,"window":1}'}],
        "structuredContent": {"label": 3, "votes": 1, "window": 1},
        "isError": False,
    },
}
FAILURE = {"jsonrpc": "2.0", "id": 7, "error": {"code": -32602, "message": "name: unknown tool x"}}
CANCEL = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
TOOL = {"name": "vote.push", "description": "Adds one.", "inputSchema": {"type": "object"}}
NONCE = bytes(range(8))


def main() -> int:
    """Writes or checks the document."""
    text = document()
    if "--check" not in sys.argv:
        TARGET.write_text(text, "utf-8")
        return 0
    if TARGET.read_text("utf-8") == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is not current: run tools/make_binding.py", file=sys.stderr)
    return 1


def document() -> str:
    """The whole text."""
    parts = {"GRAMMAR": grammar(), "KEYS": keys(), "VALUES": values(), "VECTORS": vectors()}
    text = TEMPLATE.read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def grammar() -> str:
    """wit/wire.cddl, section by section."""
    _, *rest = _SECTION.split((ROOT / "wit/wire.cddl").read_text("utf-8"))
    sections = zip(rest[::2], rest[1::2], strict=True)
    kept = [(title, body) for title, body in sections if not title.startswith("The device artifact")]
    return "\n\n".join(f"### {title}\n\n```cddl\n{body.strip()}\n```" for title, body in kept)


def keys() -> str:
    """The names by number, eight a line."""
    named = [f"{number} `{name}`" for number, name in enumerate(dictionary.KEYS)]
    return ",\n".join(", ".join(named[at : at + 6]) for at in range(0, len(named), 6)) + "."


def values() -> str:
    """The coded values of each name that has any."""
    rows = [
        f"| `{name}` | {', '.join(f'{code} `{value}`' for code, value in enumerate(coded))} |"
        for name, coded in dictionary.VALUES
    ]
    return "| key | values |\n|---|---|\n" + "\n".join(rows)


def vectors() -> str:
    """Messages and their bytes."""
    shown = presence.encode(
        state=presence.ONLINE, dictionary=1, limit=512, max_total=4096, catalogue=hash_packed([packed.pack(TOOL)]),
        firmware="x 1", nonce=NONCE, sequence=1, board="b", id="pump-1", reset_reason="power_on", messages=0,
    )  # fmt: skip
    rows = [
        ("a call, reply to gateway `gw-1`, wanted for 30 s", packed.dumps(CALL, "gw-1", 30)),
        ("its result", packed.dumps(RESULT, "gw-1")),
        ("an error instead", packed.dumps(FAILURE, "gw-1")),
        ("the cancellation of the call", packed.dumps(CANCEL, "gw-1")),
        ("a hello, time 1700000000000", hello.encode(time_ms=1_700_000_000_000, nonce=NONCE)),
        ("the catalogue entry of one tool", packed.pack(TOOL)),
        ("the presence of a device with that one tool", shown),
        ("the offline record of the same boot", presence.encode(state=presence.OFFLINE, nonce=NONCE, sequence=1, id="pump-1")),
    ]
    rows += [(f"block {at} of the result, limit 64, transfer 5", frame) for at, frame in enumerate(_blocks())]
    return "\n\n".join(f"{what}, {len(data)} bytes:\n\n```\n{_hex(bytes(data))}\n```" for what, data in rows)


def _blocks() -> list[bytes]:
    return [bytes(frame) for frame in blocks.split(packed.dumps(RESULT, "gw-1"), 64, 5)]


def _hex(data: bytes) -> str:
    text = data.hex()
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))


if __name__ == "__main__":
    sys.exit(main())
