# SPDX-License-Identifier: Apache-2.0
"""What motet.toml may say. Every key has a default except those of the entries of lists."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from motet.config.beyond import Inference, McpOverMqtt, Upstream
from motet.config.limits import Limits
from motet.config.values import (
    RESOURCE,
    SHA256,
    BoardName,
    BrokerUrl,
    Files,
    Folder,
    GatewayName,
    Id,
    MaybeId,
    Names,
    Seconds,
    StoreUrl,
    Table,
    TcpPort,
)  # fmt: skip
from motet.config.views import Group, VirtualServer, view_conflicts


class Gateway(Table):
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
    fast_path: bool = True
    """Plain tool calls skip what the SDK does for the others, at about half the CPU time; the answers are the same."""


class Broker(Table):
    """`[broker]`: where MQTT is."""

    url: BrokerUrl = ""
    """mqtt://[user:password@]host[:port] or mqtts://…; empty starts a private broker on this machine."""
    kind: Literal["auto", "mosquitto", "amqtt"] = "auto"
    """Which private broker."""


class Serial(Table):
    """`[[serial]]`: a device on a serial line."""

    url: Annotated[str, StringConstraints(min_length=1)]
    """/dev/ttyUSB0, socket://host:port or any other pyserial URL."""
    baud: Annotated[int, Field(gt=0)] = 115200
    id: Id | None = None
    """For boards that have no id of their own."""


class Emulated(Table):
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


class Node(Table):
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


class State(Table):
    """`[state]`: what has to survive a restart."""

    dir: Folder = Field(default_factory=_state_folder)


class Store(Table):
    """`[store]`: the database of the audit, and of what else the gateway must not forget."""

    url: StoreUrl = ""
    """sqlite:///path or postgresql+psycopg://user:password@host/name; empty is motet.db in state.dir."""


class Policies(Table):
    """`[policy]`: who may do what."""

    files: Files = []
    """Cedar policies; all files count together. None means Motet's own, which `motet policy show` prints."""


class Trust(Table):
    """`[trust]`: whose signatures count."""

    dir: Folder | None = None
    """Folder of public keys, one NAME.pub each; none means trust in state.dir."""


class Token(Table):
    """`[[auth.tokens]]`: a token that does not change, for small set-ups."""

    name: Id
    """Who brings it."""
    sha256: Annotated[str, StringConstraints(pattern=SHA256)]
    """The digest of the token: the token itself is nobody's but its bearer's."""
    scopes: Names = ["call:*", "read:*"]


class Auth(Table):
    """`[auth]`: who may connect. Without tokens and keys everybody who reaches the port may, and may do everything."""

    resource: Annotated[str, StringConstraints(pattern=RESOURCE)] = ""
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


class Log(Table):
    """`[log]`: what goes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = Field(default=False, alias="json")


class Config(Table):
    """The whole file."""

    realm: Id = "motet"
    gateway: Gateway = Gateway()
    limits: Limits = Limits()
    broker: Broker = Broker()
    serial: list[Serial] = []
    emulate: list[Emulated] = []
    upstream: list[Upstream] = []
    group: list[Group] = []
    server: list[VirtualServer] = []
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
        yield from view_conflicts(self.group, self.server)
        ids: dict[str, str] = {}
        lines: set[str] = set()
        for index, line in enumerate(self.serial):
            if line.url in lines:
                yield ("serial", index, "url"), f"{line.url} is used by another [[serial]] already"
            lines.add(line.url)
        devices = [("serial", i, one.id) for i, one in enumerate(self.serial) if one.id]
        devices += [("emulate", i, one.id) for i, one in enumerate(self.emulate)]
        devices += [("upstream", i, one.id) for i, one in enumerate(self.upstream)]
        for table, index, name in devices:
            if name in ids:
                yield (table, index, "id"), f"the id {name!r} is taken by {ids[name]} already: ids are unique in a realm"
            ids.setdefault(name, f"[[{table}]] number {index + 1}")
