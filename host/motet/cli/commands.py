# SPDX-License-Identifier: Apache-2.0
"""The table of commands. A command's module is imported when it runs, not before: the others would cost it a second or two."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

RUN, FLEET, AUTHORS, PACKAGES, TRUST, HARDWARE, SETUP = (
    "Run",
    "Devices and tools",
    "For authors of components",
    "Components and models",
    "Trust and record",
    "Boards",
    "This machine",
)


@dataclass(frozen=True)
class Row:
    """One command or group: `module` below ``motet.cli`` has a function ``register(app)`` that adds it; `help` is one line."""

    name: str
    module: str
    panel: str
    help: str

    def stub(self) -> TyperCommand:
        """What stands in lists of commands."""
        return TyperCommand(self.name, callback=None, help=self.help, rich_help_panel=self.panel)

    def load(self) -> Any:
        """The command itself."""
        app = typer.Typer(add_completion=False)
        import_module(f"motet.cli.{self.module}").register(app)
        return get_group(app).commands[self.name]


ROWS = (
    Row("up", "system", RUN, "Start broker, bridges and gateway, and serve until Ctrl-C."),
    Row("demo", "system", RUN, "Boot an emulated board, install a model and a component, and classify digits it never saw."),
    Row("mcp", "system", RUN, "Serve one MCP client on standard input and output."),
    Row("status", "installed", FLEET, "Show how devices and what runs on them are: state, failures, counters, quarantines."),
    Row("devices", "fleet", FLEET, "List the devices the gateway knows."),
    Row("views", "fleet", FLEET, "List the views of the gateway: all devices, and the groups and servers of its configuration."),
    Row("tools", "fleet", FLEET, "List the tools an agent sees."),
    Row("call", "fleet", FLEET, "Call a tool and print its result."),
    Row("logs", "fleet", FLEET, "Print what devices logged."),
    Row("new", "authoring", AUTHORS, "Start a component from a template: it builds, passes its tests and installs as it is."),
    Row("init", "authoring", AUTHORS, "Make a component of a folder, or a configuration for this machine."),
    Row("sdk", "authoring", AUTHORS, "Write the bindings of a contract for a guest language."),
    Row(
        "inspect",
        "trying",
        AUTHORS,
        "Show what is in a package: sections, imports, contract, tools, limits, signatures.",
    ),
    Row("run", "trying", AUTHORS, "Call a tool of a component here, without a gateway."),
    Row("test", "trying", AUTHORS, "Run the tests of a component on engines and emulated boards."),
    Row("build", "packing", AUTHORS, "Put a component or a model into one file, an archive of an OCI image layout."),
    Row("sign", "packing", AUTHORS, "Sign a package as its author and put it into one file."),
    Row("verify", "packing", PACKAGES, "Check who signed a package, and what was attached to it."),
    Row("install", "deploy", PACKAGES, "Admit an artifact and install it on a running device."),
    Row("update", "updating", PACKAGES, "Install the newest revision from where something was installed."),
    Row("uninstall", "deploy", PACKAGES, "Remove a component or a model from a running device, unless others need it."),
    Row("list", "installed", PACKAGES, "List the components and models of all devices, with who signed them."),
    Row("info", "installed", PACKAGES, "Tell everything about something installed."),
    Row("artifacts", "deploy", PACKAGES, "List the components and models installed on a device."),
    Row("remove", "deploy", PACKAGES, "The older name of uninstall."),
    Row("model", "model", PACKAGES, "Work on TensorFlow Lite models before and after they are on a device."),
    Row("keygen", "trusting", TRUST, "Make a key to sign packages with."),
    Row("trust", "trusting", TRUST, "The keys whose signatures the gateway of this configuration accepts."),
    Row("policy", "trusting", TRUST, "What the gateway allows."),
    Row("audit", "auditing", TRUST, "Show who did what and whether it was allowed, or check that nobody changed these entries."),
    Row("boards", "board", HARDWARE, "The boards Motet runs on; without a command, a list of them."),
    Row("flash", "flashing", HARDWARE, "Put firmware into a board."),
    Row("bridge", "hardware", HARDWARE, "Put serial devices on MQTT, without a gateway."),
    Row("emulate", "hardware", HARDWARE, "Run a board in its emulator with its UARTs on TCP ports."),
    Row("hil", "hil", HARDWARE, "Run suites on emulated and attached boards."),
    Row("config", "configuration", SETUP, "Look at the configuration and change it."),
    Row("completions", "completing", SETUP, "Print the completion script of a shell."),
)


class Commands(TyperGroup):
    """The group of all commands: stubs until one is to run."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._rows = {row.name: row for row in ROWS}
        for row in ROWS:
            self.add_command(row.stub())

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """(name, command, further arguments); imports the command's module."""
        name, command, rest = super().resolve_command(ctx, args)
        row = self._rows.get(name or "")
        return name, row.load() if row is not None and command is not None else command, rest
