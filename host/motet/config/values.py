# SPDX-License-Identifier: Apache-2.0
"""The types of motet.toml's values, and what is said of a value that does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# Patterns of texts and kinds of errors, and how to say them.
_ID = r"^[A-Za-z0-9_-]{1,32}$"
_MAYBE_ID = r"^[A-Za-z0-9_-]{0,32}$"
# A gateway's id on the bus is its name and a random suffix of nine characters.
_GATEWAY_NAME = r"^[A-Za-z0-9_-]{1,23}$"
_BROKER_URL = r"^(mqtts?://[^\s/?#]+/?)?$"
_STORE_URL = r"^((sqlite|postgresql)(\+[a-z0-9]+)?://\S+)?$"
HTTP_URL = r"^(https?://[^\s/?#]+(/\S*)?)?$"
_BOARD = r"^[a-z][a-z0-9_]{0,31}$"
DEVICE_PATTERN = r"^[A-Za-z0-9_*-]{1,64}$"
NAME_PATTERN = r"^[A-Za-z0-9_.*-]{1,128}$"
URI_PATTERN = r"^\S+$"
RESOURCE_URI = r"^([a-z][a-z0-9+.-]*://[^\s{}]+)?$"
SHA256 = r"^[0-9a-fA-F]{64}$"
RESOURCE = r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$"
EXPECTED = {
    SHA256: "expected the SHA-256 of a token, 64 hexadecimal digits",
    RESOURCE: "expected a URL such as https://gateway.example/mcp",
    _ID: "expected 1 to 32 characters of A-Z a-z 0-9 _ -",
    _MAYBE_ID: "expected at most 32 characters of A-Z a-z 0-9 _ -, or nothing",
    _GATEWAY_NAME: "expected 1 to 23 characters of A-Z a-z 0-9 _ -",
    _BROKER_URL: "expected mqtt://[user:password@]host[:port] or mqtts://..., or nothing for a private broker",
    _STORE_URL: "expected sqlite:///path or postgresql+psycopg://user:password@host/name, or nothing for a file in state.dir",
    HTTP_URL: "expected http://host[:port]/path or https://...",
    DEVICE_PATTERN: "expected the id of a device, in which * stands for any text",
    NAME_PATTERN: "expected 1 to 128 characters of A-Z a-z 0-9 _ - . and * for any text",
    URI_PATTERN: "expected a URI, in which * stands for any text",
    RESOURCE_URI: "expected a URI such as line://temperature",
    _BOARD: "expected the name of a board, such as stm32f405",
    "model_type": "expected a table",
    "is_instance_of": "expected the path of a folder",
}

DataClass = Literal["public", "internal", "restricted"]
DATA_CLASSES: tuple[str, ...] = get_args(DataClass)
Id = Annotated[str, StringConstraints(pattern=_ID)]
MaybeId = Annotated[str, StringConstraints(pattern=_MAYBE_ID)]
GatewayName = Annotated[str, StringConstraints(pattern=_GATEWAY_NAME)]
BrokerUrl = Annotated[str, StringConstraints(pattern=_BROKER_URL)]
StoreUrl = Annotated[str, StringConstraints(pattern=_STORE_URL)]
BoardName = Annotated[str, StringConstraints(pattern=_BOARD)]


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _paths(value: Any) -> Any:
    items = _listed(value) if isinstance(value, str) else value
    return [Path(item) for item in items] if isinstance(items, list) and all(isinstance(i, str) for i in items) else items


TcpPort = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
# TOML has no paths: a text is one, also where types are checked strictly.
# In the environment a list is a text with commas.
Names = Annotated[list[str], BeforeValidator(lambda value: _listed(value) if isinstance(value, str) else value)]
Files = Annotated[list[Path], BeforeValidator(lambda value: _paths(value))]
Folder = Annotated[Path, BeforeValidator(lambda value: Path(value) if isinstance(value, str) and value else value)]


class Table(BaseModel):
    """One table of the file: no keys but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
