# SPDX-License-Identifier: Apache-2.0
"""Tables of motet.toml about what is beyond the gateway: other MCP servers, and endpoints that stand in for models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from motet.config.values import HTTP_URL, BrokerUrl, DataClass, Id, Names, Seconds, Table


class Upstream(Table):
    """`[[upstream]]`: another MCP server as a device: a program (`command`) or an endpoint (`url`)."""

    id: Id
    """Its name among the devices."""
    url: Annotated[str, StringConstraints(pattern=HTTP_URL)] = ""
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


class McpOverMqtt(Table):
    """`[mcp_over_mqtt]`: servers that speak MCP on `$mcp-server` topics, as EMQX specifies it, as devices."""

    enabled: bool = False
    broker: BrokerUrl = ""
    """Where they are; empty is the broker of the devices."""


class Endpoint(Table):
    """`[[inference.endpoints]]`: what stands in for a model when nothing here can run it."""

    name: Id
    kind: Literal["openai", "mcp"] = "openai"
    url: Annotated[str, StringConstraints(pattern=HTTP_URL, min_length=1)]
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


class Inference(Table):
    """`[inference]`: the tool models.infer."""

    enabled: bool = False
    order: list[Literal["device", "fleet", "gateway", "endpoint"]] = ["device", "fleet", "gateway", "endpoint"]
    """Where it is tried, one after the other."""
    default_timeout_s: Seconds = 30.0
    timeout_s: dict[Literal["device", "fleet", "gateway", "endpoint"], Seconds] = {}
    """By place."""
    endpoints: list[Endpoint] = []
