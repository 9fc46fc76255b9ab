# SPDX-License-Identifier: Apache-2.0
"""`motet update`: the newest revision that the gateway accepts, from where something was installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from motet.cli.client import GatewayClient, Refused
from motet.cli.console import Exit, FatalError, emit, show
from motet.cli.deploy import Force, KeyToSign, package_of, send
from motet.cli.options import DryRun, Gateway, Json, Timeout, gateway_client, reporting

if TYPE_CHECKING:
    from pathlib import Path

    from motet.components.packages import Package

CURRENT, UPDATED, WOULD, SKIPPED, FAILED = "current", "updated", "would update", "skipped", "failed"
Row = dict[str, Any]


@reporting
def update(
    name: Annotated[str | None, typer.Argument(help="What to update (default: everything on the devices meant).")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DEVICE", help="Only on this device.")] = None,
    source: Annotated[str | None, typer.Option("--from", metavar="SOURCE", help="Take it from here instead.")] = None,
    key: KeyToSign = None,
    force: Force = False,
    dry_run: DryRun = False,
    gateway: Gateway = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
) -> None:
    """Install the newest revision from where something was installed; when the device does not take it, the old one comes back.

    Only a higher revision by the same publisher is an update; --force lets another publisher take over.
    """
    client = gateway_client(gateway, timeout)
    rows = [row for row in client.installed() if name in (None, row.get("name")) and on in (None, row["device"])]
    if not rows:
        raise FatalError(
            f"{name or 'nothing'} is not installed {f'on {on}' if on else 'on any device'}; `motet list` lists what is"
        )
    if source is not None and len({row.get("name") for row in rows}) > 1:
        raise FatalError("--from is the source of one: name it", Exit.USAGE)
    wish = {"update": True, "force": force, "dry_run": dry_run}
    done = [_updated(client, {**row, **({"source": source} if source else {})}, key, as_json, wish) for row in rows]
    emit(done, as_json, lambda: show("\n".join(map(_sentence, done))))
    if any(one["outcome"] == FAILED for one in done):
        raise typer.Exit(int(Exit.FAILED))


def _updated(client: GatewayClient, row: Row, key: Path | None, quiet: bool, wish: dict[str, bool]) -> Row:
    """What became of one: device, kind, name, from, to, outcome, reason."""
    facts = {"device": row["device"], "kind": row.get("kind"), "name": row.get("name"), "from": row.get("revision")}
    if not row.get("source"):
        return facts | {"outcome": SKIPPED, "reason": "this gateway does not know where it came from; say --from SOURCE"}
    try:
        return facts | _tried(client, row, key, quiet, wish)
    except FatalError as error:
        return facts | {"outcome": FAILED, "reason": str(error)}


def _tried(client: GatewayClient, row: Row, key: Path | None, quiet: bool, wish: dict[str, bool]) -> Row:
    from motet.cli.attempt import attempt
    from motet.components.sources import newer

    places = attempt(lambda: newer(row["source"]))
    refused = FatalError(f"{row['source']} names one revision for good; say --from SOURCE")
    for place in places:
        try:
            package = _package(place, row, key)
            record = send(client, row["device"], package, place, quiet, **wish)
        except Refused as error:
            if "rolled_back" in error.record or place == places[-1]:
                raise
            refused = error
            continue
        if "current" in record:
            return {"outcome": CURRENT, "to": package.revision, "source": place}
        return {"outcome": WOULD if wish["dry_run"] else UPDATED, "to": package.revision, "source": place}
    raise refused


def _package(place: str, row: Row, key: Path | None) -> Package:
    from motet.components.oci.contents import digest_of

    bare = place.endswith(".tflite")
    revision = int(row["revision"]) if bare else None
    package = package_of(place, row["name"] if bare else None, revision, key)
    if (package.kind, package.name) != (row["kind"], row["name"]):
        raise FatalError(f"{place} is now {package.kind} {package.name}")
    if bare and digest_of(package) != row.get("package"):
        # A file has no revision of its own: other content is the next one.
        return package_of(place, row["name"], int(row["revision"]) + 1, key)
    return package


def _sentence(done: Row) -> str:
    what = f"{done['device']}: {done['kind']} {done['name']} revision {done['from']}"
    if done["outcome"] == CURRENT:
        return f"{what} is the newest"
    if done["outcome"] in (UPDATED, WOULD):
        return f"{what}: {done['outcome']} to revision {done['to']}"
    return f"{what}: {done['outcome']}: {done['reason']}"


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(update)
