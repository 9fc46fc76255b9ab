# SPDX-License-Identifier: Apache-2.0
"""wit/wire.cddl says what the code says: what the core sends validates, and what breaks the rules does not."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pycddl
import pytest

from motet_core import cbor
from motet_core.component_artifact import TABLE
from motet_core.wire import blocks, hello, packed, presence
from motet_core.wire.dictionary import KEYS, PREFIX, VALUES

CDDL = (Path(__file__).resolve().parents[2] / "wit/wire.cddl").read_text()
NONCE = b"12345678"
DIGEST = hashlib.sha256(b"x").digest()
ONLINE: dict[str, Any] = {
    "state": 1,
    "dictionary": 1,
    "limit": 512,
    "max_total": 4096,
    "catalogue": bytes(16),
    "firmware": "motet 0.1.0",
    "nonce": NONCE,
    "sequence": 1,
    "board": "stm32f405",
    "id": "pump-1",
    "reset_reason": "power_on",
    "messages": 1,
}


# One by one: pycddl 0.6.4 lets a wrong map pass where a rule is a choice between maps.
FRAMES = ("request", "notification", "response", "error-response", "first-block", "next-block")


def schema(rule: str) -> pycddl.Schema:
    """The document with another rule as its start."""
    return pycddl.Schema(f"start = {rule}\n{CDDL}")


def refused(rules: tuple[str, ...], value: Any) -> None:
    for rule in rules:
        with pytest.raises(pycddl.ValidationError):
            schema(rule).validate_cbor(cbor.dumps(value))


def message(**members: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", **members}


MESSAGES = [
    message(id=1, method="tools/list"),
    message(id=-1, method="x/custom", params={"name": "a", "arguments": {"n": [1, 2.5, None]}}),
    message(id="a", method="tools/call", params={"name": "a", "_meta": {PREFIX + "protocolVersion": "2026-07-28"}}),
    message(method="notifications/cancelled", params={"requestId": 1}),
    message(id=1, result={"content": [{"type": "text", "text": "x"}], "structuredContent": {"type": 5}}),
    message(id=1, error={"code": -32602, "message": "no"}),
    message(id=1, error={"code": -32022, "message": "no", "data": {"supported": ["2026-07-28"]}}),
    message(error={"code": -32700, "message": "no"}),
]


@pytest.mark.parametrize("original", MESSAGES)
def test_messages_validate_with_and_without_an_envelope(original: dict[str, Any]) -> None:
    schema("message").validate_cbor(packed.dumps(original))
    schema("frame").validate_cbor(packed.dumps(original, "gw-1"))
    if "method" in original:
        schema("message").validate_cbor(packed.dumps(original, "gw-1", 30))


@pytest.mark.parametrize(
    "wrong",
    [
        {0: 1},
        {1: 5.0},
        {0: None, 1: 0},
        {0: 1, 1: 0, 2: []},
        {0: 1, 3: []},
        {0: 1, 4: {}},
        {0: 1, 4: {24: "x", 25: "y"}},
        {0: 1, 1: 0, -1: ""},
        {0: 1, 1: 0, -1: "x" * 65},
        {0: 1, 1: 0, -2: -1},
        {0: 1, 1: 0, -3: 1},
        {0: 1, 1: 0, "jsonrpc": "2.0"},
        [],
        5,
    ],
)
def test_what_is_no_message_is_refused(wrong: Any) -> None:
    refused(FRAMES, wrong)


def test_blocks_validate() -> None:
    for frame in blocks.split(b"\xa1" * 1000, 128, 0xFFFFFFFF):
        schema("frame").validate_cbor(frame)


@pytest.mark.parametrize(
    "wrong",
    [
        [1, 0, 3, b"x"],
        [1, 1, 3, b"x", bytes(8)],
        [1, 0, 3, b"x", bytes(7)],
        [1, 1, 3, b""],
        [1, -1, 3, b"x"],
        [-1, 1, 3, b"x"],
        [1 << 32, 1, 3, b"x"],
        [1, 1 << 16, 3, b"x"],
        [1, 1, 0, b"x"],
    ],
)
def test_wrong_blocks_are_refused(wrong: Any) -> None:
    refused(FRAMES, wrong)


def test_hello_and_presence_validate() -> None:
    schema("hello").validate_cbor(hello.encode(time_ms=1700000000000, nonce=NONCE))
    schema("hello").validate_cbor(hello.encode(time_ms=1700000000000, nonce=NONCE, id="pump-1"))
    schema("presence").validate_cbor(presence.encode(**ONLINE))
    schema("presence").validate_cbor(presence.encode(**{**ONLINE, "state": 0}))
    schema("presence").validate_cbor(presence.encode(state=0, nonce=NONCE, sequence=0, id="pump-1"))


@pytest.mark.parametrize("number", [*range(11), 12])
def test_a_presence_record_with_a_wrong_or_missing_field_is_refused(number: int) -> None:
    fields = cbor.loads(presence.encode(**ONLINE))
    wrong = [{**fields, number: []}]
    if number not in (10, 12):
        wrong.append({key: value for key, value in fields.items() if key != number})
    for record in wrong:
        refused(("online", "offline"), record)


@pytest.mark.parametrize("text", ["", "a b", "a/b", "#", "x" * 33, "é"])
def test_ids_that_fit_no_topic_are_refused(text: str) -> None:
    refused(("online", "offline"), {**cbor.loads(presence.encode(**ONLINE)), 9: text})


ARTIFACT = {"kind": "component", "name": "vote", "revision": 1, "size": 900, "digest": DIGEST}
FAILED_ROW = {**ARTIFACT, "state": "failed", "stored": "flash", "reason": "no"}


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("artifact-begin", ARTIFACT),
        ("artifact-begin", {**ARTIFACT, "kind": "model"}),
        ("artifact-begun", {"transfer": 1, "block": 416}),
        ("artifact-block", {"transfer": 1, "offset": 0, "data": b"abc"}),
        ("artifact-received", {"received": 416}),
        ("artifact-commit", {"transfer": 1}),
        ("artifact-committed", {"kind": "component", "name": "vote", "revision": 1, "size": 900}),
        ("artifact-remove", {"kind": "model", "name": "digits"}),
        ("artifact-list", {"artifacts": []}),
        ("artifact-list", {"artifacts": [{**ARTIFACT, "state": "ready", "stored": "ram"}, FAILED_ROW]}),
    ],
)
def test_artifact_messages_validate(rule: str, body: dict[str, Any]) -> None:
    schema(rule).validate_cbor(packed.pack(body))


def test_the_numbers_in_the_document_are_those_of_the_dictionary() -> None:
    section = CDDL[CDDL.index("; ---- Artifacts: params") : CDDL.index("; ---- The device artifact")]
    begin = section[section.index("artifact-begin") : section.index("artifact-begun")]
    numbers = [int(number) for number in re.findall(r"(\d+) =>", begin)]
    assert [KEYS[number] for number in numbers] == ["name", "kind", "revision", "size", "digest"]
    kinds = dict(VALUES)["kind"]
    assert re.search(r"kind = 0 / 1 +; (.*)", CDDL)[1].split(", ") == list(kinds)  # type: ignore[index]


def component(**changes: Any) -> bytes:
    body = {
        0: 1,
        1: "vote",
        2: 1,
        3: b"\0asm",
        4: packed.pack([]),
        5: [["vote.push", "push", [["label", "u32"]], ["record", [["label", "u32"]]]], ["vote.reset", "reset", [], None]],
        6: {0: 1000, 1: 2048, 2: 1024},
    }
    body.update({int(key[1:]): value for key, value in changes.items()})
    return cbor.dumps(body)


TYPED = {"_0": 2, "_5": [["vote.push", "push", 1], ["vote.reset", "reset", 0]], "_7": b"\1\0\0\0"}


SERVED = TYPED | {
    "_0": 3,
    "_9": {
        0: [5, 60000, 100, 0],
        1: [["tick", 1000, 0], ["warm", 1000, 1, "cpu", 26.5, 0, True]],
        2: {"vote.push": ["step", None]},
        3: ["init", None, None],
        4: "handle",
        5: ["news/+"],
    },
}


def test_a_component_artifact_validates() -> None:
    assert [row[0] for row in TABLE] == [*range(8), 9]
    schema("component").validate_cbor(component())
    schema("component").validate_cbor(component(**TYPED))
    schema("component").validate_cbor(component(**SERVED))


@pytest.mark.parametrize(
    "changes",
    [
        {"_0": 3},
        {"_1": "a/b"},
        {"_3": "x"},
        {"_5": []},
        {"_5": [["a", "b", [["x", "i32"]], None]]},
        {"_6": {0: 0, 1: 1, 2: 1}},
        {"_8": 1},
        TYPED | {"_8": 1},
        TYPED | {"_0": 3},
        TYPED | {"_5": [["vote.push", "push", 3]]},
        TYPED | {"_5": [["vote.push", "push"]]},
        TYPED | {"_7": "text"},
        TYPED | {"_0": 3},
        SERVED | {"_9": {0: [5, 60000, 100]}},
        SERVED | {"_9": {1: [["tick", 1000, 2]]}},
        SERVED | {"_9": {1: [["warm", 1000, 0, "cpu"]]}},
        SERVED | {"_9": {2: {"vote.push": [None, None]}}},
    ],
)
def test_a_wrong_component_artifact_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pycddl.ValidationError):
        schema("component").validate_cbor(component(**changes))
