# SPDX-License-Identifier: Apache-2.0
"""Starting components: new, init, sdk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motet.cli.attempt import attempt
from motet.cli.console import Exit, FatalError, emit, show
from motet.cli.options import DryRun, Json, reporting

CONFIG = """# Motet's configuration; docs/configuration.md has every key. What is not said here is as by default.
realm = "motet"              # first part of every topic

[gateway]
host = "127.0.0.1"           # where MCP and the HTTP API listen
port = 8765

[broker]
url = ""                     # mqtt://[user:password@]host[:port]; empty starts a private broker

# [[serial]]                 # one table a device
# url = "/dev/ttyUSB0"
# id = "press-1"

[log]
level = "info"
"""


@reporting
def new(
    name: Annotated[str, typer.Argument(help="Name of the component, and of its folder.")],
    lang: Annotated[str, typer.Option("--lang", help="c, zig, assemblyscript, rust or python.")] = "c",
    template: Annotated[str, typer.Option("--template", help="basic, service, worker or library.")] = "basic",
    folder: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where to make its folder.")] = Path(),
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Start a component from a template: it builds, passes its tests and installs as it is."""
    from motet.components.sdk import templates

    if dry_run:
        planned = attempt(lambda: [str(folder / name / path) for path in templates.contents(name, lang, template)])
        emit({"folder": str(folder / name), "files": planned, "written": False}, as_json, lambda: show("\n".join(planned)))
        return
    made = attempt(lambda: templates.create(folder, name, lang, template))
    facts = {"folder": str(made.folder), "files": [str(path) for path in made.files], "next": list(made.next), "written": True}
    words = f"{made.folder}: {len(made.files)} files" if made.files else f"{made.folder} is there already"
    emit(facts, as_json, lambda: show("\n".join([words, *(f"  {line}" for line in made.next)])))


@reporting
def init(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Folder with a contract and sources or a module.")] = Path(),
    name: Annotated[str | None, typer.Option(help="Name of the component (default: the folder's).")] = None,
    system: Annotated[bool, typer.Option("--system", help="Make a motet.toml for this machine instead.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a component of a folder, or a configuration for this machine. What is there already stays as it is."""
    from motet.components import starting
    from motet.trust.files import write_new

    if not folder.is_dir():
        raise FatalError(f"{folder} is no folder", Exit.USAGE)
    file = folder / ("motet.toml" if system else "Component.toml")
    there = file.exists()
    text = CONFIG if system else "" if there else attempt(lambda: starting.component_toml(folder.resolve(), name))
    if not there and not dry_run:
        attempt(lambda: write_new(file.resolve(), text.encode(), 0o644))
    facts = {"file": str(file), "existed": there, "written": not there and not dry_run, "text": text}
    words = f"{file} is there already" if there else f"would write {file}:\n{text}" if dry_run else f"wrote {file}"
    emit(facts, as_json, lambda: show(words))


@reporting
def sdk(
    lang: Annotated[str, typer.Argument(metavar="LANG", help="c, zig, assemblyscript, rust or python.")],
    wit: Annotated[Path, typer.Option("--wit", metavar="FILE", help="The contract.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where to write the bindings.")] = Path("bindings"),
    world: Annotated[str, typer.Option(help="Its world, when it has several.")] = "",
    arena: Annotated[int, typer.Option(min=64, help="Bytes of memory for text and lists of one call.")] = 1024,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write the bindings of a contract for a guest language."""
    from motet.components import wit as contracts
    from motet.components.sdk import bindings

    if dry_run:
        text = attempt(lambda: wit.read_text("utf-8"))
        files = [out / file for file in attempt(lambda: bindings.generate(lang, contracts.load(text, str(wit), world), arena))]
    else:
        files = attempt(lambda: bindings.write(lang, wit, out, world, arena))
    emit({"files": [str(file) for file in files], "written": not dry_run}, as_json, lambda: show("\n".join(map(str, files))))


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (new, init, sdk):
        app.command()(command)
