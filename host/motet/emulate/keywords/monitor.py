# SPDX-License-Identifier: Apache-2.0
"""Commands of Renode's Monitor, as far as they make sense on other emulators; anything else is an error, never ignored."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from motet.emulate.keywords import elf, script
from motet.emulate.keywords.emulation import Emulation
from motet.emulate.keywords.errors import KeywordError, Unsupported
from motet.emulate.keywords.script import Word
from motet.emulate.keywords.terminals import SocketTerminal, UartHub

_WIDTHS = {"Byte": 1, "Word": 2, "DoubleWord": 4, "QuadWord": 8}
# About Renode's own speed, windows and logs: without effect elsewhere.
_IGNORED = frozenset({"using", "logLevel", "logFile", "showAnalyzer", "log", "echo", "path", "lastLog"})
_IGNORED_PAIRS = frozenset(
    {
        ("cpu", "PerformanceInMips"),
        ("emulation", "SetGlobalQuantum"),
        ("emulation", "SetAdvanceImmediately"),
        ("emulation", "SetSeed"),
        ("emulation", "SetGlobalSerialExecution"),
        ("machine", "SetSerialExecution"),
    }
)
_LOOK_S = 0.01


class Monitor:
    """``run`` one line or ``include`` a script; both return what Renode would print. Raise KeywordError, Unsupported."""

    def __init__(self, emulation: Emulation) -> None:
        self.emulation = emulation
        self._depth = 0

    def include(self, path: Path) -> str:
        """Run a .resc file; ``$ORIGIN`` is its folder."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KeywordError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        if self._depth > 16:
            raise KeywordError(f"{path}: scripts include each other without end")
        variables = self.emulation.variables
        before = variables.get("ORIGIN")
        variables["ORIGIN"] = str(path.resolve().parent)
        self._depth += 1
        try:
            return self._script(text, str(path))
        finally:
            self._depth -= 1
            variables.pop("ORIGIN") if before is None else variables.__setitem__("ORIGIN", before)

    def run(self, line: str) -> str:
        if not line.strip() or line.lstrip().startswith("#"):
            return ""
        if made := script.macro(line.strip()):
            self.emulation.macros[made[0]] = made[1]
            return ""
        if set_ := script.ASSIGNMENT.match(line.strip()):
            return self._assign(set_["name"], set_["value"], bool(set_["weak"]))
        # Renode keeps macros among the variables: their name alone must not be replaced.
        if line.split()[0] == "runMacro":
            return self._run_macro(line.split()[1:])
        given = script.words(line, self.emulation.variables)
        return self._dispatch(given, line.strip())

    def _script(self, text: str, name: str) -> str:
        printed = []
        command = "script"
        try:
            for command in script.commands(text):
                printed.append(self.run(command))
        except KeywordError as error:
            raise KeywordError(f"{name}: {command.splitlines()[0]}: {error}") from error
        return "".join(printed)

    def _assign(self, name: str, value: str, weak: bool) -> str:
        variables = self.emulation.variables
        if not weak or name not in variables:
            variables[name] = "".join(word.text for word in script.words(value, variables))
        return ""

    def _dispatch(self, given: Sequence[Word], line: str) -> str:
        first, second = given[0].text, given[1].text if len(given) > 1 else ""
        if first in _IGNORED or (first, second) in _IGNORED_PAIRS:
            return ""
        for names, handler in ((f"{first} {second}", 2), (first, 1)):
            if action := self._commands().get(names):
                try:
                    return action([word.text for word in given[handler:]]) or ""
                except (IndexError, ValueError, OverflowError) as error:
                    raise KeywordError(f"{line}: arguments missing or wrong: {error}") from error
        if first.startswith("sysbus.") or first in ("sysbus", "machine", "emulation", "cpu", "connector"):
            raise Unsupported(f"Could not execute command '{line}': only Renode can")
        raise KeywordError(f"No such command or device: {first}")

    def _commands(self) -> dict[str, Callable[[list[str]], str | None]]:
        emulation = self.emulation
        table: dict[str, Callable[[list[str]], str | None]] = {
            "include": lambda a: self.include(Path(a[0])),
            "i": lambda a: self.include(Path(a[0])),
            "set": lambda a: self._assign(a[0], a[1], False),
            "mach create": lambda a: _silent(emulation.create(a[0] if a else None)),
            "mach set": lambda a: emulation.select(a[0]),
            "machine LoadPlatformDescription": lambda a: emulation.selected.load_platform(Path(a[0])),
            "motet LoadBoard": lambda a: emulation.selected.load_board(a[0]),
            "machine Reset": lambda a: self._reset(),
            "machine StartGdbServer": lambda a: emulation.selected.qemu().monitor(f"gdbserver tcp:127.0.0.1:{int(a[0])}"),
            "start": lambda a: emulation.start(),
            "s": lambda a: emulation.start(),
            "pause": lambda a: emulation.pause(),
            "p": lambda a: emulation.pause(),
            "emulation RunFor": lambda a: self._run_for(float(a[0])),
            "emulation CreateServerSocketTerminal": self._terminal,
            "emulation CreateUARTHub": lambda a: emulation.add(a[0], UartHub()),
            "connector Connect": lambda a: emulation.external(a[1]).attach(emulation.uart(a[0])),
            "connector Disconnect": lambda a: emulation.external(a[1]).detach(emulation.uart(a[0])),
            "sysbus LoadELF": lambda a: emulation.selected.load_image(Path(a[0])),
            "sysbus LoadBinary": lambda a: emulation.selected.write(int(a[1], 0), _bytes(Path(a[0]))),
            "sysbus GetSymbolAddress": self._symbol,
            "cpu PC": self._pc,
        }
        for width, size in _WIDTHS.items():
            for do in ("Read", "Write"):
                table[f"sysbus {do}{width}"] = functools.partial(self._memory, do, size)
        return table

    def _terminal(self, arguments: list[str]) -> None:
        if arguments[2:3] != ["false"]:
            raise KeywordError("only raw bytes are served, not telnet: put false behind the terminal's name")
        self.emulation.add(arguments[1], SocketTerminal(int(arguments[0])))

    def _run_macro(self, arguments: list[str]) -> str:
        name = " ".join(arguments).removeprefix("$")
        if name not in self.emulation.macros:
            raise KeywordError(f"No such macro: {name}")
        return self._script(self.emulation.macros[name], f"macro {name}")

    def _reset(self) -> str:
        self.emulation.selected.reset()
        return self._run_macro(["reset"]) if "reset" in self.emulation.macros else ""

    def _run_for(self, seconds: float) -> None:
        """QEMU stops a little late: its processor runs in a thread of its own."""
        machine = self.emulation.selected
        machine.power()
        end = machine.now_ms() + seconds * 1000
        self.emulation.start()
        while (left := end - machine.now_ms()) > 0:
            time.sleep(min(left / 1000, _LOOK_S))
        self.emulation.pause()

    def _memory(self, do: str, size: int, arguments: list[str]) -> str:
        address = int(arguments[0], 0)
        if do == "Write":
            value = int(arguments[1], 0) % (1 << 8 * size)
            self.emulation.selected.write(address, value.to_bytes(size, "little"))
            return ""
        return f"0x{int.from_bytes(self.emulation.selected.read(address, size), 'little'):0{2 * size}X}\n"

    def _symbol(self, arguments: list[str]) -> str:
        image = self.emulation.selected.image
        if image is None:
            raise KeywordError("sysbus LoadELF comes first")
        # The image that runs may be the flash's content; its symbols lie beside it.
        return f"0x{elf.symbol(image.with_suffix('.elf') if image.suffix != '.elf' else image, arguments[0]):08X}\n"

    def _pc(self, arguments: list[str]) -> str:
        with self.emulation.selected.debugger() as gdb:
            number = 15 if self.emulation.selected.is_arm else 32  # GDB's number of the program counter
            if arguments:
                gdb.write_register(number, int(arguments[0], 0))
                return ""
            return f"0x{gdb.read_register(number):X}\n"


def _silent(_: object) -> None:
    """Renode prints nothing then."""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeywordError(f"{path}: {error.strerror}") from None
