# SPDX-License-Identifier: Apache-2.0
"""`motet config`: look at the configuration without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motet.cli.console import Exit, emit, show, stdout
from motet.cli.options import ConfigFile, Json, configuration, reporting
from motet.config import DEFAULT_FILE, check
from motet.observe import redact

app = typer.Typer(help="Check and show the configuration.", no_args_is_help=True)


@app.command("check")
@reporting
def check_command(
    given: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="File to check (default: ./motet.toml).", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a motet.toml; every problem comes with its line."""
    file = given or Path(DEFAULT_FILE)
    defaults = given is None and not file.exists()
    problems = [] if defaults else check(file)
    listed = [{"line": p.line, "key": p.key, "message": p.message} for p in problems]

    def human() -> None:
        for p in problems:
            show(p.sentence(str(file)))
        if not problems:
            show(f"no {file} here: the defaults hold" if defaults else f"{file}: fine")

    emit({"file": str(file), "problems": listed}, as_json, human)
    if problems:
        raise typer.Exit(int(Exit.USAGE))


@app.command("show")
@reporting
def show_command(config: ConfigFile = None, as_json: Json = False) -> None:
    """Print the configuration in force: file, MOTET_* overrides and defaults together."""
    shown = configuration(config).model_dump(mode="json", by_alias=True)
    shown["broker"]["url"] = redact(shown["broker"]["url"])
    emit(shown, as_json, lambda: stdout.print_json(data=shown))


def register(parent: typer.Typer) -> None:
    """Add this module's group to `parent`."""
    parent.add_typer(app, name="config")
