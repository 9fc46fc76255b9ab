# SPDX-License-Identifier: Apache-2.0
"""What runs on a device beside its firmware: install, uninstall, artifacts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motet.cli.client import GatewayClient
from motet.cli.console import Exit, FatalError, emit, plain, progressing, show, table
from motet.cli.options import DryRun, Gateway, Json, Timeout, gateway_client, reporting

if TYPE_CHECKING:
    from motet.components.packages import Package

SOURCES = "A folder, a .wasm, .tflite or .motet file, an https:, git+…, oci: or gateway+https: address."
Source = Annotated[str, typer.Argument(help=SOURCES)]
KeyToSign = Annotated[Path | None, typer.Option("--key", help="Sign it with this private key first.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Though something else needs it, or it needs something.")]
On = Annotated[str | None, typer.Option("--on", metavar="DEVICE", help="Device (default: the only one that has it).")]
_PASSWORD = re.compile(r"(://[^/@:\s]*):[^/@\s]*@")


@reporting
def install(
    source: Source,
    on: Annotated[str, typer.Option("--on", metavar="DEVICE", help="Device to install on.")],
    name: Annotated[str | None, typer.Option(help="Name of a model (default: the file's).")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Revision of a model (default: 1).")] = None,
    key: KeyToSign = None,
    force: Force = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Have the gateway check it, and send nothing to the device.")
    ] = False,
    gateway: Gateway = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
) -> None:
    """Admit an artifact and install it on a running device; its tools appear at once, without reflashing."""
    package = package_of(source, name, revision, key)
    client = gateway_client(gateway, timeout)
    done = send(client, on, package, source, as_json, force=force, dry_run=dry_run)
    if dry_run:
        facts = {"device": on, "installed": False, **done["checked"]}
        words = f"would install {facts['kind']} {facts['name']} revision {facts['revision']} on {on} ({facts['size']} bytes)"
        emit(facts, as_json, lambda: show(words))
        return
    emit(done["installed"], as_json, lambda: show(_sentence(on, done["installed"])))


def package_of(source: str, name: str | None, revision: int | None, key: Path | None) -> Package:
    """The package from a source, signed on the way when there is a key. Raises FatalError."""
    from motet.cli.attempt import attempt
    from motet.components.signature import signed
    from motet.components.sources import fetch
    from motet.trust import load

    with progressing(f"reading {source}"):
        package = attempt(lambda: fetch(source, name, revision, attest=key is not None))
    return attempt(lambda: signed(package, load(key))) if key is not None else package


def send(client: GatewayClient, device: str, package: Package, source: str, quiet: bool, **wish: bool) -> dict[str, Any]:
    """The gateway's last record. Raises FatalError."""
    record: dict[str, Any] = {}
    with progressing(f"installing {package.name}", quiet) as tell:
        for record in client.install(device, package.upload(), remembered(source), **wish):
            tell(str(record.get("step", "")), record.get("done"), record.get("total"))
    return record


def remembered(source: str) -> str:
    """A source as it is kept for updates: paths from the root, addresses without passwords."""
    return _PASSWORD.sub(r"\1@", source) if "://" in source else str(Path(source).resolve())


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
def uninstall(
    name: Annotated[str, typer.Argument(help="Name of a component or model, as listed by `motet list`.")],
    on: On = None,
    kind: Annotated[str | None, typer.Option(help="component or model, when both have this name.")] = None,
    force: Force = False,
    dry_run: DryRun = False,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """Remove a component or a model from a running device; its tools disappear at once. What others need stays."""
    client = gateway_client(gateway, timeout)
    device, found = _found(client, name, on, kind)
    client.remove(device, found, name, force=force, dry_run=dry_run)
    facts = {"device": device, "kind": found, "name": name, "removed": not dry_run}
    emit(facts, as_json, lambda: show(f"{found} {name} {'would be' if dry_run else 'is'} removed from {device}"))


def _found(client: GatewayClient, name: str, on: str | None, kind: str | None) -> tuple[str, str]:
    """(device, kind) of the one that is meant. Raises FatalError."""
    rows = [{"device": on, **row} for row in client.artifacts(on)] if on else client.installed()
    there = sorted(
        {(str(row["device"]), str(row["kind"])) for row in rows if row.get("name") == name and kind in (None, row["kind"])}
    )
    if not there:
        where = f"on {on}; `motet artifacts {on}`" if on else "on any device; `motet list`"
        raise FatalError(f"{name} is not installed {where} lists what is")
    if len({device for device, _ in there}) > 1:
        raise FatalError(f"{name} is on {', '.join(sorted({one for one, _ in there}))}; say --on", Exit.USAGE)
    if len(there) > 1:
        raise FatalError(f"{there[0][0]} has a component and a model called {name}; say --kind", Exit.USAGE)
    return there[0]


@reporting
def remove(
    name: Annotated[str, typer.Argument(help="Name of a component or model.")],
    on: Annotated[str, typer.Option("--on", metavar="DEVICE", help="Device to remove it from.")],
    kind: Annotated[str | None, typer.Option(help="component or model, when both have this name.")] = None,
    force: Force = False,
    dry_run: DryRun = False,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """Remove a component or a model from a running device: the older name of `uninstall`."""
    uninstall(name=name, on=on, kind=kind, force=force, dry_run=dry_run, gateway=gateway, timeout=timeout, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (install, artifacts, uninstall, remove):
        app.command()(command)
