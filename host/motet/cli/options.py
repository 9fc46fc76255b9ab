# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, and the way every command reports a failure."""

from __future__ import annotations

import functools
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from motet.cli.console import Exit, FatalError, fail, plain
from motet.cli.output import accepting, chosen, verbosity

if TYPE_CHECKING:
    from motet.cli.client import GatewayClient
    from motet.config import Config

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
# What most commands take, told once in docs/cli.md.
COMMON = ("--json", "--format", "--verbose", "--gateway", "--timeout", "--config", "--dry-run")
View = Annotated[
    str,
    typer.Option("--view", metavar="VIEW", help="In this view: group:NAME, server:NAME or device:ID; `motet views` lists them."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]

Command = TypeVar("Command", bound=Callable[..., None])


def reporting(command: Command) -> Command:
    """Give a command -o and -v, and turn FatalError and Ctrl-C into a message and the documented exit code."""
    own = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def run(*args: Any, **given: Any) -> None:
        with chosen(own, given) as kwargs:
            try:
                command(*args, **kwargs)
            except FatalError as error:
                _explain(error)
                raise fail(error, bool(kwargs.get("as_json", False))) from error
            except KeyboardInterrupt:
                raise typer.Exit(130) from None

    run.__signature__ = accepting(command, run)  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def _explain(error: FatalError) -> None:
    """With -v what is behind a refusal, with -vv where."""
    if verbosity() > 1:
        sys.stderr.write(plain("".join(traceback.format_exception(error))))
    elif verbosity() and error.__cause__ is not None:
        sys.stderr.write(plain(f"because of {type(error.__cause__).__name__}: {error.__cause__}\n"))


def configuration(path: Path | None) -> Config:
    """The configuration from `path` or its default place; problems end the command with their line numbers."""
    from motet.config import ConfigError, load

    try:
        return load(path)
    except ConfigError as error:
        raise FatalError(str(error), Exit.USAGE) from error


def tool_arguments(text: str) -> dict[str, Any]:
    """The JSON object of a tool's arguments; anything else ends the command."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FatalError(f"the arguments are not JSON: {error}", Exit.USAGE) from error
    if not isinstance(value, dict):
        raise FatalError("the arguments must be a JSON object, such as '{\"label\": 3}'", Exit.USAGE)
    return value


def log_as(settings: Config, as_json: bool = False) -> None:
    """Set logging up as configured; JSON lines when the command prints JSON."""
    from motet.observe import setup_logging

    level = {0: settings.log.level, 1: "info"}.get(verbosity(), "debug")
    setup_logging(level, "json" if as_json or settings.log.json_lines else "text")


def gateway_client(url: str | None, timeout_s: float, config: Path | None = None) -> GatewayClient:
    """A client of the gateway that is meant by the options."""
    from motet.cli.client import GatewayClient, find_gateway

    return GatewayClient(find_gateway(url, configuration(config).state.dir), timeout_s)
