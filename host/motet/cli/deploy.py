# SPDX-License-Identifier: Apache-2.0
"""What runs on a device beside its firmware: install, artifacts, remove."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from motet.cli.console import Exit, FatalError, emit, plain, show, stderr, table
from motet.cli.options import Gateway, Json, Timeout, gateway_client, reporting
from motet.cli.trusting import attempt
from motet.components.packages import Package
from motet.components.signature import signed
from motet.components.sources import fetch
from motet.trust import load


@reporting
def install(
    source: Annotated[str, typer.Argument(help="A folder, a .wasm, .tflite or .motet file, an https:, git+… or oci: address.")],
    on: Annotated[str, typer.Option("--on", metavar="DEVICE", help="Device to install on.")],
    name: Annotated[str | None, typer.Option(help="Name of a model (default: the file's).")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Revision of a model (default: 1).")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Sign it with this private key first.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check the package, and send nothing.")] = False,
    gateway: Gateway = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
) -> None:
    """Admit an artifact and install it on a running device; its tools appear at once, without reflashing."""
    package = attempt(lambda: _package(source, name, revision, key))
    if dry_run:
        facts = {"device": on, "kind": package.kind, "name": package.name, "revision": package.revision, "installed": False}
        emit(facts, as_json, lambda: show(f"would install {package.kind} {package.name} revision {package.revision} on {on}"))
        return
    client = gateway_client(gateway, timeout)
    installed: dict[str, Any] = {}
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        console=stderr,
        transient=True,
        disable=as_json or not stderr.is_terminal,
    ) as progress:
        task = progress.add_task(f"installing {package.name}", total=None)
        for record in client.install(on, package.upload()):
            progress.update(
                task, description=plain(record.get("step", "")), completed=record.get("done"), total=record.get("total")
            )
            installed = record.get("installed", installed)
    emit(installed, as_json, lambda: show(_sentence(on, installed)))


def _package(source: str, name: str | None, revision: int | None, key: Path | None) -> Package:
    package = fetch(source, name, revision, attest=key is not None)
    return signed(package, load(key)) if key is not None else package


def _sentence(device: str, installed: dict[str, Any]) -> str:
    return (
        f"{installed['kind']} {installed['name']} revision {installed['revision']} runs on {device} ({installed['size']} bytes)"
    )


@reporting
def artifacts(
    device: Annotated[str, typer.Argument(help="Device to look at.")],
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """List the components and models installed on a device."""
    found = gateway_client(gateway, timeout).artifacts(device)
    rows = [[plain(str(row.get(key, ""))) for key in ("kind", "name", "revision", "size", "state")] for row in found]
    headers = ("KIND", "NAME", "REVISION", "BYTES", "STATE")
    emit(found, as_json, lambda: table(headers, rows, f"Nothing is installed on {device}."))


@reporting
def remove(
    name: Annotated[str, typer.Argument(help="Name of a component or model, as listed by `motet artifacts`.")],
    on: Annotated[str, typer.Option("--on", metavar="DEVICE", help="Device to remove it from.")],
    kind: Annotated[str | None, typer.Option(help="component or model, when both have this name.")] = None,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """Remove a component or a model from a running device; its tools disappear at once."""
    client = gateway_client(gateway, timeout)
    kinds = [row["kind"] for row in client.artifacts(on) if row.get("name") == name and kind in (None, row.get("kind"))]
    if not kinds:
        raise FatalError(f"{name} is not installed on {on}; `motet artifacts {on}` lists what is")
    if len(kinds) > 1:
        raise FatalError(f"{on} has a component and a model called {name}; say --kind", Exit.USAGE)
    client.remove(on, kinds[0], name)
    removed = {"device": on, "kind": kinds[0], "name": name}
    emit(removed, as_json, lambda: show(f"{kinds[0]} {name} is removed from {on}"))


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (install, artifacts, remove):
        app.command()(command)
