# SPDX-License-Identifier: Apache-2.0
"""Commands that look at the fleet and call its tools: devices, views, tools, call, logs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from motet.cli.console import Exit, FatalError, emit, emit_json, show, stdout, table
from motet.cli.options import Gateway, Json, Timeout, View, gateway_client, reporting, tool_arguments

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@reporting
def devices(gateway: Gateway = None, timeout: Timeout = 10.0, as_json: Json = False) -> None:
    """List the devices the gateway knows."""
    found = gateway_client(gateway, timeout).devices()
    rows = [_device_row(device) for device in found]
    headers = ("DEVICE", "STATE", "BOARD", "FIRMWARE", "TOOLS")
    emit(found, as_json, lambda: table(headers, rows, "No device has announced itself yet."))


def _device_row(device: dict[str, Any]) -> tuple[str, ...]:
    state = "online" if device["online"] else "offline"
    return device["id"], state, device["board"], device["firmware"], str(len(device["tools"]))


@reporting
def views(gateway: Gateway = None, timeout: Timeout = 10.0, as_json: Json = False) -> None:
    """List the views of the gateway: all devices, and the groups and servers of its configuration."""
    found = gateway_client(gateway, timeout).views()
    rows = [(one["view"] or "(all)", one["path"], str(one["devices"]), str(one["tools"]), one["title"]) for one in found]
    emit(found, as_json, lambda: table(("VIEW", "MCP AT", "DEVICES", "TOOLS", "TITLE"), rows, ""))


@reporting
def tools(
    device: Annotated[str | None, typer.Argument(help="Only this device's tools.")] = None,
    view: View = "",
    gateway: Gateway = None,
    timeout: Timeout = 10.0,
    as_json: Json = False,
) -> None:
    """List the tools an agent sees."""
    found = gateway_client(gateway, timeout).tools(view)
    if device:
        found = [tool for tool in found if tool["name"].startswith(f"{device}.")]
    rows = [(tool["name"], tool.get("description", "")) for tool in found]
    empty = f"No tools: device {device} is not online; `motet devices` lists all." if device else "No tools: no device is online."
    emit(found, as_json, lambda: table(("TOOL", "WHAT IT DOES"), rows, empty))


@reporting
def call(
    tool: Annotated[str, typer.Argument(metavar="DEVICE.TOOL", help="Tool to call, as listed by `motet tools`.")],
    arguments: Annotated[str, typer.Argument(metavar="JSON", help="Arguments as a JSON object.")] = "{}",
    view: View = "",
    gateway: Gateway = None,
    timeout: Timeout = 30.0,
    as_json: Json = False,
) -> None:
    """Call a tool and print its result."""
    result = gateway_client(gateway, timeout).call(tool, tool_arguments(arguments), view)
    emit(result, as_json, lambda: _print_result(result))
    if result.get("isError"):
        raise typer.Exit(int(Exit.TOOL_ERROR))


def _print_result(result: dict[str, Any]) -> None:
    if "structuredContent" in result:
        stdout.print_json(data=result["structuredContent"])
        return
    for block in result.get("content", []):
        show(block.get("text", f"[{block['type']}]"))


@reporting
def logs(
    device: Annotated[str | None, typer.Argument(help="Only this device.")] = None,
    component: Annotated[str | None, typer.Option(metavar="NAME", help="Only this component.")] = None,
    level: Annotated[
        str | None, typer.Option(help="This level and worse: debug, info, notice, warning, error, critical.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only since then: 90s, 10m, 2h, 1d, or a time such as 2026-01-31T12:00.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing until Ctrl-C.")] = False,
    gateway: Gateway = None,
    timeout: Timeout = 10.0,
    as_json: Json = False,
) -> None:
    """Print what devices and their components logged."""
    asked = {"component": component, "level": level, "since": _time(since) if since else None}
    wanted = {name: value for name, value in asked.items() if value}
    for record in gateway_client(gateway, timeout).logs(device, follow, **wanted):
        if as_json:
            emit_json(record)
        else:
            who = "/".join(filter(None, (str(record["device"]), str(record.get("component", "")))))
            # A line break of a device must not forge a second record.
            show(f"{record['time']} {who} {record['level']} {record['text']}".replace("\n", "\\n"))


def _time(text: str) -> str:
    """A time, or how long ago, as a time in ISO 8601. Raises FatalError."""
    ago = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    try:
        if ago:
            return (datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])).isoformat()
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise FatalError(
            f"--since {text!r:.60}: expected 90s, 10m, 2h, 1d or a time such as 2026-01-31T12:00", Exit.USAGE
        ) from error
    return (found if found.tzinfo else found.astimezone()).isoformat()


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (devices, views, tools, call, logs):
        app.command()(command)
