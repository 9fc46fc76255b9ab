# SPDX-License-Identifier: Apache-2.0
"""`motet config`: look at the configuration without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motet.cli.console import Exit, emit, stdout
from motet.cli.options import ConfigFile, Json, configuration, reporting
from motet.config import DEFAULT_FILE, check

app = typer.Typer(help="Check and show the configuration.", no_args_is_help=True)


@app.command("check")
@reporting
def check_command(
    file: Annotated[Path, typer.Argument(help="File to check.")] = Path(DEFAULT_FILE),
    as_json: Json = False,
) -> None:
    """Check a motet.toml; every problem comes with its line."""
    problems = check(file)
    listed = [{"line": p.line, "key": p.key, "message": p.message} for p in problems]

    def human() -> None:
        for p in problems:
            stdout.print(f"{file}:{p.line}: {p.key}: {p.message}" if p.key else f"{file}:{p.line}: {p.message}", markup=False)
        if not problems:
            stdout.print(f"{file}: fine", markup=False)

    emit({"file": str(file), "problems": listed}, as_json, human)
    if problems:
        raise typer.Exit(int(Exit.USAGE))


@app.command("show")
@reporting
def show(config: ConfigFile = None, as_json: Json = False) -> None:
    """Print the configuration in force: file, MOTET_* overrides and defaults together."""
    shown = configuration(config).model_dump(mode="json")
    emit(shown, as_json, lambda: stdout.print_json(data=shown))
