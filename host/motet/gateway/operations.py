# SPDX-License-Identifier: Apache-2.0
"""What the operations of the HTTP API take and answer. Each route below /api has its entry here; a test sees to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
JSON, NDJSON, ARCHIVE = "application/json", "application/x-ndjson", "application/vnd.motet.package.v1+tar"
KINDS = ("component", "model")
# Of MCP (logging), from the least to the worst.
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
MAX_SOURCE = 1000


@dataclass(frozen=True)
class Operation:
    """`answer` and `body` name schemas, `query` parameters; `media` is that of the answer, empty for none; `errors` by status."""

    name: str
    summary: str
    answer: str = ""
    media: str = JSON
    query: tuple[str, ...] = ()
    body: str = ""
    errors: Mapping[int, str] = field(default_factory=dict)


_NO_DEVICE = {404: "no such device"}
_ASKING = {**_NO_DEVICE, 409: "the device is offline", 502: "the device refused, or its answer is none", 504: "no answer in time"}
_NO_PACKAGE = {404: "no such package"}
_DEVICE, _ARTIFACTS = "/api/v1/devices/{device}", "/api/v1/devices/{device}/artifacts"
_PACKAGE = "/api/v1/packages/{kind}/{name}"
_BODY_ERRORS = {400: "no upload", 408: "it came too slowly", 413: "it is too large", 415: "it is not application/json"}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "/api/openapi.json"): Operation("openapi", "This document.", "Object"),
    ("GET", "/api/v1/views"): Operation("views", "The whole fleet, and the views that are configured.", "Views"),
    ("GET", "/api/v1/devices"): Operation("devices", "Every device known, online or not, by id.", "Devices"),
    ("GET", _DEVICE): Operation("device", "One device.", "Device", errors=_NO_DEVICE),
    ("GET", _ARTIFACTS): Operation("artifacts", "What is installed on a device, as it says itself.", "Artifacts", errors=_ASKING),
    ("POST", _ARTIFACTS): Operation(
        "install", "Admit an upload and install it: progress, then what came of it, as one JSON record a line.", "", NDJSON,
        ("source", "update", "dry_run", "force"), "Upload", {**_BODY_ERRORS, **_NO_DEVICE, 409: "the device is offline"},
    ),
    ("DELETE", _ARTIFACTS + "/{kind}/{name}"): Operation(
        "uninstall", "Take an artifact away.", "", "", ("force", "dry_run"), errors={**_ASKING, 423: "others need it"}
    ),
    ("GET", "/api/v1/installed"): Operation("installed", "What each device holds, with what is known of it.", "Installed"),
    ("GET", "/api/v1/status"): Operation("status", "Each device with its artifacts and vital signs.", "Status"),
    ("GET", "/api/v1/packages"): Operation("packages", "The packages that devices have from here.", "Packages"),
    ("GET", _PACKAGE): Operation("package", "What is in a package, and where.", "Package", query=("digest",), errors=_NO_PACKAGE),
    ("GET", _PACKAGE + "/archive"): Operation(
        "archive", "A copy of a package.", "", ARCHIVE, ("digest",), errors={**_NO_PACKAGE, 403: "nobody gets copies, or not you"}
    ),
    ("GET", "/api/v1/logs"): Operation(
        "logs", "What devices logged lately, one JSON record a line.", "", NDJSON,
        ("device", "component", "level", "since", "follow"), errors={400: "no such level or time"},
    ),
}  # fmt: skip

_ID: Json = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"}
_TEXT: Json = {"type": "string"}
# 1 is yes, anything else no.
_FLAG: Json = {"type": "string", "examples": ["1"]}

# (description, schema); with its place before the name where the same name is elsewhere, too.
PARAMETERS: dict[str, tuple[str, Json]] = {
    "device": ("Its id.", _ID),
    "kind": ("Of an artifact.", {"type": "string", "enum": list(KINDS)}),
    "name": ("Of an artifact.", _ID),
    "source": ("Where the upload came from; remembered.", {"type": "string", "maxLength": MAX_SOURCE}),
    "update": ("Only in the place of an older revision.", _FLAG),
    "dry_run": ("Everything but doing it.", _FLAG),
    "force": ("Whatever others need.", _FLAG),
    "digest": ("Of the package, sha256:...; the newest one without.", _TEXT),
    "query.device": ("Only of this device.", _TEXT),
    "component": ("Only of this component.", _TEXT),
    "level": ("This one and worse.", {"type": "string", "enum": list(LEVELS)}),
    "since": ("ISO 8601.", _TEXT),
    "follow": ("1 keeps the stream open.", _FLAG),
}


def _object(required: tuple[str, ...] = (), **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(of: str) -> Json:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{of}"}}


def _maybe(kind: str) -> Json:
    return {"type": [kind, "null"]}


_KIND: Json = {"type": "string", "enum": list(KINDS)}
_DEVICE_FIELDS: Json = {
    "id": _ID, "online": {"type": "boolean"}, "board": _maybe("string"), "firmware": _maybe("string"), "catalogue": _TEXT,
    "tools": {"type": "array", "items": _TEXT}, "last_seen": _maybe("number"), "boot_nonce": _TEXT,
    "reset_reason": _maybe("string"), "link": _maybe("object"),
}  # fmt: skip
_UPLOAD = {
    "kind": _KIND,
    "name": _TEXT,
    "revision": {"type": "integer"},
    "manifest": _TEXT,
    "content": {**_TEXT, "contentEncoding": "base64"},
}

SCHEMAS: dict[str, Json] = {
    "Object": _object(),
    "Error": _object(("error",), error={"type": "string"}, error_description=_TEXT),
    "Device": _object(("id", "online", "tools"), **_DEVICE_FIELDS),
    "Devices": _object(("devices",), devices=_list("Device")),
    "View": _object(("view", "path", "title", "devices", "tools"), view=_TEXT, path=_TEXT, title=_TEXT),
    "Views": _object(("views",), views=_list("View")),
    "Artifact": _object(kind=_TEXT, name=_TEXT, revision={"type": "integer"}, state=_TEXT),
    "Artifacts": _object(("artifacts",), artifacts=_list("Artifact")),
    "Row": _object(("device", "state"), device=_ID, state=_TEXT),
    "Installed": _object(("installed",), installed=_list("Row")),
    "Condition": _object(("id", "artifacts", "vitals"), **_DEVICE_FIELDS, artifacts=_maybe("array"), vitals=_maybe("object")),
    "Status": _object(("devices",), devices=_list("Condition")),
    "Stored": _object(("digest", "kind", "name", "revision", "publishers", "size"), digest=_TEXT, kind=_KIND, name=_ID),
    "Packages": _object(("packages",), packages=_list("Stored")),
    "Package": _object(("kind", "name", "revision", "publishers", "bytes", "installed"), kind=_KIND, name=_ID),
    "Upload": _object(("kind", "content"), **_UPLOAD),
}
