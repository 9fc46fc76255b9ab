# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, and the way every command reports a failure."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from motet.cli.client import GatewayClient, find_gateway
from motet.cli.console import Exit, FatalError, fail
from motet.config import Config, ConfigError, load
from motet.observe import setup_logging

Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Configuration file (default: ./motet.toml when it is there).", show_default=False),
]
Gateway = Annotated[
    str | None,
    typer.Option("--gateway", "-g", metavar="URL", help="Gateway to talk to (default: MOTET_GATEWAY_URL, else the running one)."),
]
Timeout = Annotated[float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="How long to wait for an answer.")]

Command = TypeVar("Command", bound=Callable[..., None])


def reporting(command: Command) -> Command:
    """Turn FatalError and Ctrl-C into a message and the documented exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        as_json = bool(kwargs.get("as_json", False))
        try:
            command(*args, **kwargs)
        except FatalError as error:
            raise fail(error, as_json) from error
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run  # type: ignore[return-value]


def configuration(path: Path | None) -> Config:
    """The configuration from `path` or its default place; problems end the command with their line numbers."""
    try:
        return load(path)
    except ConfigError as error:
        raise FatalError(str(error), Exit.USAGE) from error


def log_as(settings: Config, as_json: bool = False) -> None:
    """Set logging up as configured; JSON lines when the command prints JSON."""
    setup_logging(settings.log.level, "json" if as_json or settings.log.json_lines else "text")


def gateway_client(url: str | None, timeout_s: float, config: Path | None = None) -> GatewayClient:
    """A client of the gateway that is meant by the options."""
    return GatewayClient(find_gateway(url, configuration(config).state.dir), timeout_s)
