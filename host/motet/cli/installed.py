# SPDX-License-Identifier: Apache-2.0
"""What is installed in the whole fleet and how it is: list, info, status."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from motet.cli.client import GatewayClient
from motet.cli.console import FatalError, emit, show, table
from motet.cli.facts import lines
from motet.cli.options import Gateway, Json, Timeout, gateway_client, reporting

_UNHEALTHY = ("failed", "quarantined", "restarting")


@reporting
def listing(
    on: Annotated[str | None, typer.Option("--on", metavar="DEVICE", help="Only this device.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: component or model.")] = None,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """List the components and models of all devices, with who signed them."""
    rows = gateway_client(gateway, timeout).installed()
    found = [row for row in rows if on in (None, row["device"]) and kind in (None, row.get("kind"))]
    cells = [[_cell(row, key) for key in ("device", "kind", "name", "revision", "size", "state", "publishers")] for row in found]
    headers = ("DEVICE", "KIND", "NAME", "REVISION", "BYTES", "STATE", "SIGNED BY")
    emit(
        found, as_json, lambda: table(headers, cells, "Nothing is installed." if on is None else f"Nothing is installed on {on}.")
    )


def _cell(row: dict[str, Any], key: str) -> str:
    value = row.get(key, "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@reporting
def info(
    name: Annotated[str, typer.Argument(help="Name of a component or model, as listed by `motet list`.")],
    kind: Annotated[str | None, typer.Option(help="component or model, when both have this name.")] = None,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """Tell everything about something installed: contract, tools, what it may use, who signed it, where it is."""
    client = gateway_client(gateway, timeout)
    rows = [row for row in client.installed() if row.get("name") == name and kind in (None, row.get("kind"))]
    if not rows:
        raise FatalError(f"{name} is not installed on any device; `motet list` lists what is")
    facts = {**_package(client, rows), "devices": [_place(row) for row in rows]}
    emit(facts, as_json, lambda: show("\n".join(lines(facts))))


def _package(client: GatewayClient, rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {str(row["kind"]) for row in rows}
    if len(kinds) > 1:
        raise FatalError(f"a component and a model are called {rows[0]['name']}; say --kind")
    known = [row for row in rows if row.get("package")]
    if not known:
        # Put there by another gateway, or by this one before it kept packages.
        return {"kind": rows[0]["kind"], "name": rows[0]["name"], "problem": "this gateway has no copy of its package"}
    newest = max(known, key=lambda row: int(row.get("revision", 0)))
    return client.package(str(newest["kind"]), str(newest["name"]), str(newest["package"]))


def _place(row: dict[str, Any]) -> dict[str, Any]:
    keys = (
        "device",
        "revision",
        "state",
        "size",
        "publishers",
        "source",
        "at",
        "capabilities",
        "failures",
        "restarts",
        "last_error",
    )
    return {key: row[key] for key in keys if key in row}


@reporting
def status(
    device: Annotated[str | None, typer.Argument(help="Only this device.")] = None,
    gateway: Gateway = None,
    timeout: Timeout = 15.0,
    as_json: Json = False,
) -> None:
    """Show how devices and what runs on them are: state, failures, counters, quarantines. Ends with 1 when something is wrong."""
    found = [one for one in gateway_client(gateway, timeout).status() if device in (None, one["id"])]
    if device is not None and not found:
        raise FatalError(f"no device {device}; `motet devices` lists them")
    emit(found, as_json, lambda: show("\n\n".join(_condition(one) for one in found) or "No device has announced itself yet."))
    if any(_wrong(one) for one in found):
        raise typer.Exit(1)


def _wrong(device: dict[str, Any]) -> bool:
    return not device["online"] or any(row.get("state") in _UNHEALTHY for row in device["artifacts"] or [])


def _condition(device: dict[str, Any]) -> str:
    vitals = device.get("vitals") or {}
    told = [
        f"{device['id']}: {'online' if device['online'] else 'offline'}, {device['board']}, last start: {device['reset_reason']}"
    ]
    if vitals:
        free = f", {vitals['heap_free']} bytes of heap free" if "heap_free" in vitals else ""
        told.append(f"  up {int(vitals.get('uptime_ms', 0)) // 1000} s{free}, link resets {vitals.get('link_resets', 0)}")
    counters = vitals.get("components") or {}
    for row in device["artifacts"] or []:
        counts = counters.get(row.get("name")) if row.get("kind") == "component" else None
        what = f"{row.get('kind')} {row.get('name')} revision {row.get('revision')}"
        told.append(f"  {what}: {_state(row)}{_counted(row, counts)}")
    return "\n".join(told)


def _state(row: dict[str, Any]) -> str:
    # Devices list what is in quarantine as failed, and say so in the reason.
    return "quarantined" if str(row.get("reason", "")).startswith("quarantined") else str(row.get("state", "ready"))


def _counted(row: dict[str, Any], counts: Any) -> str:
    keys = ("failures", "restarts", "quarantined", "last_error", "failure", "reason")
    said = {key: row[key] for key in keys if row.get(key)} | (counts if isinstance(counts, dict) else {})
    return "".join(f", {key.replace('_', ' ')} {value}" for key, value in said.items())


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command("list")(listing)
    app.command()(info)
    app.command()(status)
