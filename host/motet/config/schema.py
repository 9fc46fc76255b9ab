# SPDX-License-Identifier: Apache-2.0
"""What motet.toml may say. Every key has a default except those of the entries of lists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

# Patterns of texts and kinds of errors, and how to say them.
_ID = r"^[A-Za-z0-9_-]{1,32}$"
_MAYBE_ID = r"^[A-Za-z0-9_-]{0,32}$"
# A gateway's id on the bus is its name and a random suffix of nine characters.
_GATEWAY_NAME = r"^[A-Za-z0-9_-]{1,23}$"
_BROKER_URL = r"^(mqtts?://[^\s/?#]+/?)?$"
_STORE_URL = r"^((sqlite|postgresql)(\+[a-z0-9]+)?://\S+)?$"
_HTTP_URL = r"^(https?://[^\s/?#]+(/\S*)?)?$"
_BOARD = r"^[a-z][a-z0-9_]{0,31}$"
_SHA256 = r"^[0-9a-fA-F]{64}$"
_RESOURCE = r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$"
EXPECTED = {
    _SHA256: "expected the SHA-256 of a token, 64 hexadecimal digits",
    _RESOURCE: "expected a URL such as https://gateway.example/mcp",
    _ID: "expected 1 to 32 characters of A-Z a-z 0-9 _ -",
    _MAYBE_ID: "expected at most 32 characters of A-Z a-z 0-9 _ -, or nothing",
    _GATEWAY_NAME: "expected 1 to 23 characters of A-Z a-z 0-9 _ -",
    _BROKER_URL: "expected mqtt://[user:password@]host[:port] or mqtts://..., or nothing for a private broker",
    _STORE_URL: "expected sqlite:///path or postgresql+psycopg://user:password@host/name, or nothing for a file in state.dir",
    _HTTP_URL: "expected http://host[:port]/path or https://...",
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


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Gateway(_Table):
    """`[gateway]`: the MCP endpoint."""

    host: Annotated[str, StringConstraints(min_length=1)] = "127.0.0.1"
    port: TcpPort = 8765
    """0 chooses a free one."""
    call_timeout_s: Seconds = 30.0
    name: GatewayName = "motet"
    allowed_hosts: Names = []
    """Further names by which clients may call the gateway, such as gateway.example or gateway.example:*."""
    allowed_origins: Names = []
    """Web pages of other origins that may call it, such as https://console.example."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=64 << 20)] = 1 << 20
    """Largest HTTP request body."""
    calls_waiting: Annotated[int, Field(ge=0, le=10_000)] = 64
    """Calls that may wait in the gateway for one device that is busy."""
    drain_s: Seconds = 5.0
    """How long calls in flight may take at a shutdown."""
    list_up_to: Annotated[int, Field(ge=0, le=100_000)] = 256
    """With more tools than this, clients of the whole fleet get fleet.search, fleet.describe and fleet.call instead."""
    watch_interval_s: Annotated[float, Field(ge=0.1, le=3600)] = 2.0
    """How often a resource is read that a client is subscribed to."""
    task_ttl_s: Annotated[float, Field(ge=1, le=30 * 86400)] = 3600.0
    """How long a task may take, and how long its result is kept."""


class Broker(_Table):
    """`[broker]`: where MQTT is."""

    url: BrokerUrl = ""
    """mqtt://[user:password@]host[:port] or mqtts://…; empty starts a private broker on this machine."""
    kind: Literal["auto", "mosquitto", "amqtt"] = "auto"
    """Which private broker."""


class Serial(_Table):
    """`[[serial]]`: a device on a serial line."""

    url: Annotated[str, StringConstraints(min_length=1)]
    """/dev/ttyUSB0, socket://host:port or any other pyserial URL."""
    baud: Annotated[int, Field(gt=0)] = 115200
    id: Id | None = None
    """For boards that have no id of their own."""


class Emulated(_Table):
    """`[[emulate]]`: a board that runs in QEMU here."""

    board: BoardName
    id: Id = ""
    """The board's name when it is not given."""
    icount: bool = True
    """Whether its clock counts instructions, so that runs are repeatable, instead of real time."""

    @model_validator(mode="before")
    @classmethod
    def _name(cls, table: Any) -> Any:
        return {"id": table["board"], **table} if isinstance(table, dict) and "board" in table else table


class Upstream(_Table):
    """`[[upstream]]`: another MCP server as a device: a program (`command`) or an endpoint (`url`)."""

    id: Id
    """Its name among the devices."""
    url: Annotated[str, StringConstraints(pattern=_HTTP_URL)] = ""
    """Of its MCP endpoint; another Motet gateway's is http://host:8765/mcp."""
    command: Annotated[list[str], Field(max_length=64)] = []
    """Program and arguments of a server on standard input and output."""
    token_env: str = ""
    """Environment variable with the bearer token for the endpoint."""
    call_timeout_s: Seconds = 30.0
    refresh_s: Seconds = 15.0
    """How often its tools are looked at."""

    @model_validator(mode="after")
    def _one(self) -> Upstream:
        if bool(self.url) == bool(self.command):
            raise ValueError("expected url or command, one of them")
        return self


class McpOverMqtt(_Table):
    """`[mcp_over_mqtt]`: servers that speak MCP on `$mcp-server` topics, as EMQX specifies it, as devices."""

    enabled: bool = False
    broker: BrokerUrl = ""
    """Where they are; empty is the broker of the devices."""


class Endpoint(_Table):
    """`[[inference.endpoints]]`: what stands in for a model when nothing here can run it."""

    name: Id
    kind: Literal["openai", "mcp"] = "openai"
    url: Annotated[str, StringConstraints(pattern=_HTTP_URL, min_length=1)]
    """The API's base, such as https://api.example/v1, or an MCP endpoint."""
    model: str = ""
    """The endpoint's own name of its model (openai); empty takes the name asked for."""
    tool: str = "models.infer"
    """The tool to call (mcp)."""
    models: Names = []
    """The models it may stand in for; none means all."""
    token_env: str = ""
    """Environment variable with the bearer token (openai)."""
    data_classes: list[DataClass] = ["public"]
    """What may be sent there."""
    calls_per_day: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    timeout_s: Seconds = 30.0


class Inference(_Table):
    """`[inference]`: the tool models.infer."""

    enabled: bool = False
    order: list[Literal["device", "fleet", "gateway", "endpoint"]] = ["device", "fleet", "gateway", "endpoint"]
    """Where it is tried, one after the other."""
    default_timeout_s: Seconds = 30.0
    timeout_s: dict[Literal["device", "fleet", "gateway", "endpoint"], Seconds] = {}
    """By place."""
    endpoints: list[Endpoint] = []


class Node(_Table):
    """`[node]`: this machine as a device that runs components."""

    id: MaybeId = ""
    """Its name among the devices, such as gateway; empty for none."""


def _state_folder() -> Path:
    """Under the working directory where that can be written, else where XDG wants it."""
    here = Path.cwd()
    if os.access(here, os.W_OK):
        return here / ".motet"
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "motet"


class State(_Table):
    """`[state]`: what has to survive a restart."""

    dir: Folder = Field(default_factory=_state_folder)


class Store(_Table):
    """`[store]`: the database of the audit, and of what else the gateway must not forget."""

    url: StoreUrl = ""
    """sqlite:///path or postgresql+psycopg://user:password@host/name; empty is motet.db in state.dir."""


class Policies(_Table):
    """`[policy]`: who may do what."""

    files: Files = []
    """Cedar policies; all files count together. None means Motet's own, which `motet policy show` prints."""


class Trust(_Table):
    """`[trust]`: whose signatures count."""

    dir: Folder | None = None
    """Folder of public keys, one NAME.pub each; none means trust in state.dir."""


class Token(_Table):
    """`[[auth.tokens]]`: a token that does not change, for small set-ups."""

    name: Id
    """Who brings it."""
    sha256: Annotated[str, StringConstraints(pattern=_SHA256)]
    """The digest of the token: the token itself is nobody's but its bearer's."""
    scopes: Names = ["call:*", "read:*"]


class Auth(_Table):
    """`[auth]`: who may connect. Without tokens and keys everybody who reaches the port may, and may do everything."""

    resource: Annotated[str, StringConstraints(pattern=_RESOURCE)] = ""
    """The gateway's URL as its clients know it, such as https://gateway.example/mcp: what access tokens must be for."""
    issuers: Names = []
    """Authorization servers whose tokens count, as their `iss` says."""
    jwks: str = ""
    """Where their public keys are: an https URL, or a file."""
    tokens: list[Token] = []

    @property
    def asks(self) -> bool:
        """Whether a token is needed."""
        return bool(self.jwks or self.tokens)


class Log(_Table):
    """`[log]`: what goes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = Field(default=False, alias="json")


class Config(_Table):
    """The whole file."""

    realm: Id = "motet"
    gateway: Gateway = Gateway()
    broker: Broker = Broker()
    serial: list[Serial] = []
    emulate: list[Emulated] = []
    upstream: list[Upstream] = []
    inference: Inference = Inference()
    mcp_over_mqtt: McpOverMqtt = McpOverMqtt()
    node: Node = Node()
    state: State = Field(default_factory=State)
    store: Store = Store()
    policy: Policies = Policies()
    trust: Trust = Trust()
    auth: Auth = Auth()
    log: Log = Log()

    @property
    def store_url(self) -> str:
        """Of the database that is in force."""
        return self.store.url or f"sqlite:///{self.state.dir / 'motet.db'}"

    @property
    def trust_dir(self) -> Path:
        """The folder of trusted keys that is in force."""
        return self.trust.dir or self.state.dir / "trust"

    def conflicts(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What no single key shows: (path of the later key, what is wrong)."""
        if self.auth.asks and not self.auth.resource:
            yield ("auth", "resource"), "is needed where tokens are: the URL of the gateway as its clients know it"
        if self.auth.jwks and not self.auth.issuers:
            yield ("auth", "issuers"), "is needed with auth.jwks: whose tokens count"
        ids: dict[str, str] = {}
        lines: set[str] = set()
        for index, line in enumerate(self.serial):
            if line.url in lines:
                yield ("serial", index, "url"), f"{line.url} is used by another [[serial]] already"
            lines.add(line.url)
        devices = [("serial", i, one.id) for i, one in enumerate(self.serial) if one.id]
        devices += [("emulate", i, one.id) for i, one in enumerate(self.emulate)]
        for table, index, name in devices:
            if name in ids:
                yield (table, index, "id"), f"the id {name!r} is taken by {ids[name]} already: ids are unique in a realm"
            ids.setdefault(name, f"[[{table}]] number {index + 1}")
