# SPDX-License-Identifier: Apache-2.0
"""`motet config`: look at the configuration and change it, without starting anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from motet.cli.console import Exit, FatalError, emit, show, stdout
from motet.cli.options import ConfigFile, DryRun, Json, configuration, reporting
from motet.config import DEFAULT_FILE, check, keys, unknown
from motet.observe import redact

app = typer.Typer(help="Look at the configuration and change it.", no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="KEY", help="Such as gateway.port; `motet config show` lists them.")]


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
    shown = _in_force(config)
    emit(shown, as_json, lambda: stdout.print_json(data=shown))


@app.command("get")
@reporting
def get_command(key: Key, config: ConfigFile = None, as_json: Json = False) -> None:
    """Print one value that is in force, without passwords."""
    value: Any = _in_force(config)
    for part in _known(key):
        value = value[part]
    emit({"key": key, "value": value}, as_json, lambda: show(value if isinstance(value, str) else _said(value)))


@app.command("set")
@reporting
def set_command(
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="As in TOML; what is none there is a text.")],
    config: ConfigFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set a value in the file; comments and everything else in it stay. What the result would not allow is refused."""
    from motet.cli import tomlfile

    file, path = config or Path(DEFAULT_FILE), _known(key)
    text = tomlfile.changed(file, path, value)
    tomlfile.keep(file, text, dry_run)
    facts = {"file": str(file), "key": key, "value": value, "written": not dry_run}
    emit(facts, as_json, lambda: show(f"{file}: {key} {'would be' if dry_run else 'is'} {redact(value)}"))


@app.command("reset")
@reporting
def reset_command(
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="The value or table to drop (default: all).")] = None,
    config: ConfigFile = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Drop a value from the file, or all of them: then the default holds."""
    from motet.cli import tomlfile

    file = config or Path(DEFAULT_FILE)
    text = tomlfile.without(file, _known(key) if key is not None else ())
    tomlfile.keep(file, text, dry_run)
    facts = {"file": str(file), "key": key or "", "written": not dry_run}
    emit(facts, as_json, lambda: show(f"{file}: {key or 'everything'} {'would be' if dry_run else 'is'} as by default"))


def _in_force(config: Path | None) -> dict[str, Any]:
    shown = configuration(config).model_dump(mode="json", by_alias=True)
    for table in ("broker", "store"):
        shown[table]["url"] = redact(shown[table]["url"])
    return shown


def _known(key: str) -> tuple[str, ...]:
    """The parts of a key that there is. Raises FatalError."""
    path = tuple(key.split("."))
    if path not in keys():
        raise FatalError(f"{key!r:.60}: {unknown(path)}", Exit.USAGE)
    return path


def _said(value: Any) -> str:
    import json

    return json.dumps(value)


def register(parent: typer.Typer) -> None:
    """Add this module's group to `parent`."""
    parent.add_typer(app, name="config")
