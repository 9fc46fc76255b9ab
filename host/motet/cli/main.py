# SPDX-License-Identifier: Apache-2.0
"""Entry point of the `motet` command."""

from __future__ import annotations

from typing import Annotated

import typer

import motet
from motet.cli.commands import Commands
from motet.cli.output import Format, defaults

app = typer.Typer(
    name="motet",
    cls=Commands,
    help="Sandboxed WebAssembly tools and TensorFlow Lite models on microcontrollers, served to AI agents over MCP.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not reachable, "
    "4 the tool answered with an error, 5 no answer in time, 130 Ctrl-C.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"motet {motet.__version__}")
        raise typer.Exit


@app.callback()
def options(
    output: Annotated[Format | None, typer.Option("--format", "-o", help="How every command prints.", show_default=False)] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; twice, with the place of errors.")] = 0,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Options before the command."""
    defaults(output, verbose)
