#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build what runs on devices: firmware images, the edge node, and the cross compiler both need.

    tools/build.py firmware BOARD [--json] [--main FOLDER]
    tools/build.py edge
    tools/build.py mpy-cross

Nothing is built twice. Compiler output goes to build/logs/; a failure prints its end.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from motet.boards import Board

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "tools")]

from firmware_image import TOOLCHAINS, BuildError, Toolchain, check_budget, check_layout, sizes, symbols  # noqa: E402


def say(text: str) -> None:
    print(f"build: {text}", file=sys.stderr, flush=True)


def need(program: str, packages: str) -> None:
    if not shutil.which(program):
        raise BuildError(f"{program} is missing; install it with: sudo apt-get install {packages}")


def need_toolchain(tools: Toolchain) -> None:
    """The compiler and its C library; the compiler names a file it does not find without a folder."""
    compiler = tools.prefix + "gcc"
    need(compiler, tools.packages)
    found = subprocess.run([compiler, f"--print-file-name={tools.library}"], capture_output=True, text=True).stdout.strip()
    if found == tools.library:
        raise BuildError(f"{compiler} has no C library; install it with: sudo apt-get install {tools.packages}")


def run_logged(log: Path, command: list[str]) -> None:
    """Run a build step with its output in `log`; on a terminal the latest line shows the progress."""
    log.parent.mkdir(parents=True, exist_ok=True)
    live = sys.stderr.isatty()
    with log.open("w") as file, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            file.write(line)
            if live:
                print(f"\r\033[K  {line.strip()[:76]}", end="", file=sys.stderr, flush=True)
    if live:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if process.returncode:
        tail = "".join(log.read_text().splitlines(keepends=True)[-25:])
        raise BuildError(f"{command[0]} failed; the end of {log.relative_to(ROOT)}:\n{tail}")


def micropython() -> Path:
    """The MicroPython source tree, fetched when it is not there."""
    need("make", "make")
    # Its progress belongs to standard error: standard output may be one JSON object.
    if subprocess.run([sys.executable, str(ROOT / "tools/fetch.py")], stdout=2).returncode:
        raise BuildError("the sources are not there; see above")
    tree = Path(os.environ.get("MICROPYTHON_DIR") or ROOT / "third_party/micropython").resolve()
    if not (tree / "py/py.mk").is_file():
        raise BuildError(f"{tree} is no MicroPython source tree; MICROPYTHON_DIR names it")
    return tree


def mpy_cross() -> str:
    """Path of mpy-cross, built from the same sources as the interpreter."""
    need("gcc", "build-essential")
    done = subprocess.run([str(ROOT / "tools/mpy_cross.sh")], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise BuildError("mpy-cross does not build; see build/mpy-cross/build.log")
    return done.stdout.strip()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One build of a folder at a time, across processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def load_board(name: str) -> Board:
    try:
        from motet import boards
    except ImportError as error:
        raise BuildError(f"{error.name} is missing; run: make setup, then use .venv/bin/python tools/build.py") from error
    try:
        return boards.load(name)
    except boards.BoardError as error:
        raise BuildError(str(error)) from error


def soc_source(board: Board) -> Path:
    file = f"soc_{board.build.soc}.c"
    for folder in (board.folder, ROOT / "firmware/port/soc"):
        if (folder / file).is_file():
            return folder / file
    raise BuildError(f"{board.folder / 'board.toml'}: build.soc: neither the board's folder nor firmware/port/soc has {file}")


def board_makefile(board: Board, micropython: Path) -> str:
    """What the Makefile must know of the board, with a digest of all that decides how every file is compiled."""
    defines = {f"{key}": f"{value}u" for key, value in sorted(board.build.defines.items())}
    defines |= {"PORT_RESET_ON_FAULT": str(int(board.build.on_fault == "reset"))}
    defines |= {"PORT_BOARD": f"'\"{board.name}\"'", "PORT_MCU": f"'\"{board.mcu}\"'"}
    compiler = subprocess.run([TOOLCHAINS[board.arch].prefix + "gcc", "--version"], capture_output=True, text=True).stdout
    version = micropython / ".fetched"
    origin = str(micropython) + (version.read_text() if version.exists() else "")
    flags = [ROOT / "firmware/port/Makefile", *sorted((ROOT / "firmware/modules").glob("*/micropython.mk"))]
    digest = hashlib.sha256(b"".join([compiler.encode(), origin.encode(), *(path.read_bytes() for path in flags)])).hexdigest()
    lines = {
        "ARCH": board.arch,
        "MCU": board.mcu,
        "SOC_SOURCE": soc_source(board),
        "LINKER_SCRIPT": board.linker_script,
        "BOARD_DEFINES": " ".join(f"-D{key}={value}" for key, value in defines.items()),
    }
    return f"# options {digest}\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


def prepare(folder: Path, makefile: str) -> None:
    """Make rebuilds nothing when only compiler options change, so a folder built with others starts over."""
    mark = folder / "board.mk"
    if folder.exists() and any(folder.iterdir()) and not (mark.exists() and mark.read_text() == makefile):
        say("compiler options changed, building anew")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(makefile)


def forget_removed_modules(folder: Path, main: Path) -> None:
    """Freezing notices new and changed modules, not removed ones: when the list changed it must start over."""
    manifest = ROOT / "firmware/port/manifest.py"
    modules = [manifest.read_text(), *(str(path) for path in sorted((ROOT / "firmware/motet_core").rglob("*.py"))), str(main)]
    mark, listing = folder / "frozen.list", "\n".join(modules)
    if not mark.exists() or mark.read_text() != listing:
        (folder / "frozen_content.c").unlink(missing_ok=True)
        mark.write_text(listing)


def firmware(name: str, main: Path | None = None) -> dict[str, object]:
    """Build one board's image and check it against its budget. `main`: folder of another main.py (benches, tests)."""
    board = load_board(name)
    if main and not (main / "main.py").is_file():
        raise BuildError(f"{main} has no main.py")
    need_toolchain(TOOLCHAINS[board.arch])
    source, cross = micropython(), mpy_cross()
    folder = BUILD / "firmware" / (f"{name}-{main.name}" if main else name)
    main = (main or ROOT / "firmware/port").resolve()
    with locked(folder):
        prepare(folder, board_makefile(board, source))
        forget_removed_modules(folder, main)
        if not (folder / "firmware.elf").exists():
            say(f"{folder.name}: compiling, about half a minute")
        command = ["make", "-j2", "-C", str(ROOT / "firmware/port"), f"BOARD={name}", f"BUILD={folder}"]
        command += [f"MPY_DIR={source}", f"MICROPY_MPYCROSS={cross}", f"MAIN_DIR={main}"]
        run_logged(LOGS / f"firmware-{folder.name}.log", command)
        layout = symbols(board, folder / "firmware.elf")
        check_layout(board, layout)
        size = sizes(layout)
    say(f"{folder.name}: flash {size['flash']:,}, static RAM {size['static_ram']:,}, heap {size['heap']:,} bytes")
    check_budget(board, size)
    return {"board": name, "elf": str(folder / "firmware.elf"), **size}


def edge() -> dict[str, object]:
    """Build the edge node: the device core on MicroPython for this machine."""
    need("gcc", "build-essential")
    source = micropython()
    binary = BUILD / "edge/motet-edge"
    with locked(binary.parent):
        if not binary.exists():
            say("edge: compiling, about half a minute")
        run_logged(LOGS / "edge.log", ["make", "-j2", "-C", str(ROOT / "firmware/edge"), f"MICROPYTHON_DIR={source}"])
    say(f"edge: {binary.stat().st_size:,} bytes")
    return {"elf": str(binary), "bytes": binary.stat().st_size}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    one = commands.add_parser("firmware", help="the image of one board")
    one.add_argument("board")
    one.add_argument("--main", type=Path, help="folder whose main.py is frozen instead of the product's")
    commands.add_parser("edge", help="the edge node for this machine")
    commands.add_parser("mpy-cross", help="the byte code compiler")
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print the result as one JSON object")
    return parser.parse_args()


def fail(message: str) -> NoReturn:
    print(f"build: {message}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    arguments = parse_arguments()
    try:
        if arguments.what == "firmware":
            result = firmware(arguments.board, arguments.main)
        else:
            result = edge() if arguments.what == "edge" else {"mpy_cross": mpy_cross()}
    except BuildError as error:
        fail(str(error))
    if arguments.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
