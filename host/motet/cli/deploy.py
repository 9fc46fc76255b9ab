# SPDX-License-Identifier: Apache-2.0
"""`motet install`: put a component or a model on a running device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn

from motet.cli.console import Exit, FatalError, emit, plain, show, stderr
from motet.cli.options import Gateway, Json, Timeout, gateway_client, reporting
from motet.components.errors import ComponentError
from motet.components.packages import read
from motet.models import ModelError


@reporting
def install(
    file: Annotated[
        Path, typer.Argument(help="A .tflite model, a component's folder, or a .wasm with Component.toml beside it.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="DEVICE", help="Device to install on.")],
    name: Annotated[str | None, typer.Option(help="Name of a model (default: the file's).")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Revision of a model (default: 1).")] = None,
    gateway: Gateway = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
) -> None:
    """Admit an artifact and install it on a running device; its tools appear at once, without reflashing."""
    upload = _upload(file, name, revision)
    client = gateway_client(gateway, timeout)
    installed: dict[str, Any] = {}
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        console=stderr,
        transient=True,
        disable=as_json or not stderr.is_terminal,
    ) as progress:
        task = progress.add_task(f"installing {file.name}", total=None)
        for record in client.install(on, upload):
            progress.update(
                task, description=plain(record.get("step", "")), completed=record.get("done"), total=record.get("total")
            )
            installed = record.get("installed", installed)
    emit(installed, as_json, lambda: show(_sentence(on, installed)))


def _upload(file: Path, name: str | None, revision: int | None) -> dict[str, Any]:
    try:
        return read(file, name, revision).upload()
    except (ComponentError, ModelError) as error:
        raise FatalError(str(error), Exit.USAGE) from error


def _sentence(device: str, installed: dict[str, Any]) -> str:
    return (
        f"{installed['kind']} {installed['name']} revision {installed['revision']} runs on {device} ({installed['size']} bytes)"
    )


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(install)
