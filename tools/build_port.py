# SPDX-License-Identifier: Apache-2.0
"""Builds a board of [build] kind "port": Motet's own port of MicroPython, firmware/port."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from build_steps import BUILD, LOGS, ROOT, BuildError, freeze_anew, locked, micropython, mpy_cross, need, prepare, run_logged, say
from firmware_image import TOOLCHAINS, Toolchain, check_layout, check_limits, sizes, symbols

if TYPE_CHECKING:
    from motet.boards import Board, PortBuild

PORT = ROOT / "firmware/port"


def need_toolchain(tools: Toolchain) -> None:
    """The compiler and its C library; the compiler names a file it does not find without a folder."""
    compiler = tools.prefix + "gcc"
    need(compiler, tools.packages)
    found = subprocess.run([compiler, f"--print-file-name={tools.library}"], capture_output=True, text=True).stdout.strip()
    if found == tools.library:
        raise BuildError(f"{compiler} has no C library; install it with: sudo apt-get install {tools.packages}")


def recipe(board: Board) -> PortBuild:
    from motet.boards import PortBuild

    assert isinstance(board.build, PortBuild)
    return board.build


def soc_sources(board: Board) -> list[Path]:
    """The chip's main file, and beside it further parts called soc_<soc>_*.c."""
    file = f"soc_{recipe(board).soc}.c"
    for folder in (board.folder, ROOT / "firmware/port/soc"):
        if (folder / file).is_file():
            return [folder / file, *sorted(folder.glob(f"soc_{recipe(board).soc}_*.c"))]
    raise BuildError(f"{board.folder / 'board.toml'}: build.soc: neither the board's folder nor firmware/port/soc has {file}")


def board_makefile(board: Board, micropython: Path) -> str:
    """What the Makefile must know of the board, with a digest of all that decides how every file is compiled."""
    build, links = recipe(board), board.links
    defines = {f"{key}": f"{value}u" for key, value in sorted(build.defines.items())}
    defines |= {"PORT_RESET_ON_FAULT": str(int(build.on_fault == "reset"))}
    defines |= {"PORT_LINK_UART": str(links.link)}
    defines |= {"PORT_CONSOLE_UART": str(links.console)} if links.console is not None else {}
    defines |= {"PORT_BOARD": f"'\"{board.name}\"'", "PORT_MCU": f"'\"{board.mcu}\"'"}
    defines |= board.flash.defines() if board.flash else {}
    compiler = subprocess.run([TOOLCHAINS[board.arch].prefix + "gcc", "--version"], capture_output=True, text=True).stdout
    version = micropython / ".fetched"
    origin = str(micropython) + (version.read_text() if version.exists() else "")
    flags = [PORT / "Makefile", *sorted((ROOT / "firmware/modules").glob("*/micropython.mk"))]
    digest = hashlib.sha256(b"".join([compiler.encode(), origin.encode(), *(path.read_bytes() for path in flags)])).hexdigest()
    lines = {
        "ARCH": board.arch,
        "MCU": board.mcu,
        "SOC_SOURCES": " ".join(str(path) for path in soc_sources(board)),
        "LINKER_SCRIPT": board.linker_script,
        "FLASH_DRIVER": board.flash.driver if board.flash else "",
        "BOARD_DEFINES": " ".join(f"-D{key}={value}" for key, value in defines.items()),
    }
    return f"# options {digest}, relative paths\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def forget_removed_modules(folder: Path, main: Path) -> None:
    """When the list of modules changed, freezing must start over."""
    manifest = ROOT / "firmware/port/manifest.py"
    folders = {ROOT / "firmware/motet_core", main}
    modules = [manifest.read_text(), *(str(path) for folder in folders for path in sorted(folder.rglob("*.py"))), str(main)]
    freeze_anew(folder, "\n".join(modules))


def write_binary(board: Board, folder: Path) -> None:
    """The image as it lies in flash from its first byte on, for tools that know no ELF."""
    elf, binary = folder / "firmware.elf", folder / "firmware.bin"
    if not binary.exists() or binary.stat().st_mtime < elf.stat().st_mtime:
        objcopy = TOOLCHAINS[board.arch].prefix + "objcopy"
        subprocess.run([objcopy, "-O", "binary", "--gap-fill=0xff", str(elf), str(binary)], check=True)


def build(board: Board, main: Path | None) -> dict[str, object]:
    """Build one board's image and check it against its limits. `main`: folder of another main.py (benches, tests)."""
    if main and not (main / "main.py").is_file():
        raise BuildError(f"{main} has no main.py")
    need_toolchain(TOOLCHAINS[board.arch])
    source, cross = micropython(), mpy_cross()
    folder = BUILD / "firmware" / (f"{board.name}-{main.name}" if main else board.name)
    main = (main or PORT).resolve()
    with locked(folder):
        prepare(folder, board_makefile(board, source))
        forget_removed_modules(folder, main)
        if not (folder / "firmware.elf").exists():
            say(f"{folder.name}: compiling, about half a minute")
        # Relative, as a compiler cache may write paths into dependency files: make must know generated headers by one name.
        command = ["make", "-j2", "-C", str(PORT), f"BOARD={board.name}", f"BUILD={os.path.relpath(folder, PORT)}"]
        command += [f"MPY_DIR={source}", f"MICROPY_MPYCROSS={cross}", f"MAIN_DIR={main}"]
        run_logged(LOGS / f"firmware-{folder.name}.log", command)
        write_binary(board, folder)
        layout = symbols(board, folder / "firmware.elf")
        check_layout(board, layout)
        size = sizes(layout)
    say(f"{folder.name}: flash {size['flash']:,}, static RAM {size['static_ram']:,}, heap {size['heap']:,} bytes")
    check_limits(board, size)
    return {"board": board.name, "elf": str(folder / "firmware.elf"), "bin": str(folder / "firmware.bin"), **size}
