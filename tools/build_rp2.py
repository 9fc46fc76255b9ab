# SPDX-License-Identifier: Apache-2.0
"""Builds a board of [build] kind "rp2": MicroPython's own rp2 port with Motet's modules, out of MicroPython's tree.

The port's build wants the Pico SDK and TinyUSB inside MicroPython's tree and takes no list of what to leave out. So it is
built in a tree of links to the fetched sources, with a copy of the port's folder that a few lines are changed in.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from build_port import need_toolchain
from build_steps import BUILD, LOGS, ROOT, BuildError, fetch, locked, micropython, mpy_cross, need, run_logged, say
from firmware_image import TOOLCHAINS, check_limits, named_symbols

if TYPE_CHECKING:
    from motet.boards import Board

STAGE = BUILD / "rp2-tree"
SDK_LIBRARIES = ("pico-sdk", "tinyusb")
FLASH_BASE = 0x10000000
FLOATS = "pico_set_float_implementation(${MICROPY_TARGET} micropython)"
PIO_AND_DMA = (
    "    { MP_ROM_QSTR(MP_QSTR_PIO),                 MP_ROM_PTR(&rp2_pio_type) },\n",
    "    { MP_ROM_QSTR(MP_QSTR_StateMachine),        MP_ROM_PTR(&rp2_state_machine_type) },\n",
    "    { MP_ROM_QSTR(MP_QSTR_DMA),                 MP_ROM_PTR(&rp2_dma_type) },\n",
)
CONFIGURATION_END = "extern uint32_t rosc_random_u32(void);\n"
# (file of the port, what stands there, what takes its place). TLS and what else needs mbedtls is left out: its sources are not
# fetched, and nothing here uses it. left_out.h takes more out of the port's configuration to make room; so go the programmable
# I/O and the classes for DMA, which the port has no switch for. The C stack grows from 8 to 16 KB, as wasm3 has no tail calls on
# this core. Double precision is the compiler's: models must give the same bytes as on the host, and the boot ROM's functions take
# denormal numbers for zero. A wait tells the watch that the program lives.
EDITS = [
    ("CMakeLists.txt", "set(MICROPY_SSL_MBEDTLS ON)", "set(MICROPY_SSL_MBEDTLS OFF)"),
    ("CMakeLists.txt", "    mbedtls/mbedtls_port.c\n", ""),
    ("CMakeLists.txt", "target_link_libraries(${MICROPY_TARGET} micropy_lib_mbedtls)\n", ""),
    ("CMakeLists.txt", FLOATS, FLOATS + "\npico_set_double_implementation(${MICROPY_TARGET} compiler)"),
    ("CMakeLists.txt", "PICO_STACK_SIZE=0x2000", "PICO_STACK_SIZE=0x4000"),
    *(
        ("CMakeLists.txt", f"{before}rp2_{part}.c\n", "")
        for part in ("pio", "dma")
        for before in ("    ", "    ${MICROPY_PORT_DIR}/")
    ),
    *(("main.c", f"        rp2_{part}_{call}();\n", "") for part in ("pio", "dma") for call in ("init", "deinit")),
    *(("main.c", f"        machine_i2s_{call}();\n", "") for call in ("init0", "deinit_all")),
    *(("modrp2.c", row, "") for row in PIO_AND_DMA),
    ("mpconfigport.h", CONFIGURATION_END, CONFIGURATION_END + '#include "left_out.h"\n'),
    (
        "memmap_mp_rp2040.ld",
        "__GcHeapEnd = ORIGIN(RAM) + LENGTH(RAM);",
        "__GcHeapEnd = ORIGIN(SCRATCH_Y) + LENGTH(SCRATCH_Y) - 0x4000;",
    ),
]

BOOTROM_FLAGS = [
    *("-mcpu=cortex-m0plus", "-mthumb", "-std=c11", "-Os", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin"),
    *("-ffunction-sections", "-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs"),
    *("-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments"),
]


def edited(path: Path, edits: list[tuple[str, str]]) -> None:
    text = path.read_text()
    for old, new in edits:
        if text.count(old) != 1:
            raise BuildError(
                f"{path.name} of MicroPython's rp2 port is not the one we know: expected exactly one {old.strip()!r}"
            )
        text = text.replace(old, new)
    path.write_text(text)


def link_all(source: Path, into: Path, without: tuple[str, ...]) -> None:
    into.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in without:
            (into / entry.name).symlink_to(entry)


def staged(source: Path) -> Path:
    """The tree that the port is built in."""
    port = STAGE / "ports/rp2"
    mark, stamp = STAGE / ".staged", hashlib.sha256(f"{source} {EDITS}".encode() + _origin(source)).hexdigest()
    if mark.exists() and mark.read_text() == stamp:
        return port
    shutil.rmtree(STAGE, ignore_errors=True)
    link_all(source, STAGE, without=("ports", "lib"))
    link_all(source / "lib", STAGE / "lib", without=SDK_LIBRARIES)
    for name in SDK_LIBRARIES:
        (STAGE / "lib" / name).symlink_to(ROOT / "third_party" / name)
    shutil.copytree(source / "ports/rp2", port)
    for file in dict.fromkeys(name for name, _, _ in EDITS):
        edited(port / file, [(old, new) for name, old, new in EDITS if name == file])
    mark.write_text(stamp)
    return port


def _origin(source: Path) -> bytes:
    return b"".join(mark.read_bytes() for mark in (source / ".fetched", ROOT / "third_party/pico-sdk/.fetched") if mark.exists())


def configure(board: Board, port: Path, folder: Path, main: Path, cross: str) -> None:
    """Run CMake when there is no build yet, or one with other options."""
    options = {
        "MICROPY_BOARD": "MOTET",
        "MICROPY_BOARD_DIR": ROOT / "firmware/rp2/board",
        "MICROPY_FROZEN_MANIFEST": ROOT / "firmware/rp2/manifest.py",
        "MICROPY_MANIFEST_MAIN_DIR": main,
        "USER_C_MODULES": ROOT / "firmware/rp2/micropython.cmake",
        "MOTET_BOARD": board.name,
        "MOTET_MCU": board.mcu,
        "MOTET_FLASH_DRIVER": board.flash.driver if board.flash else "",
        "MOTET_FLASH_DEFINES": ";".join(f"{name}={value}" for name, value in board.flash.defines().items())
        if board.flash
        else "",
        "PICO_NO_PICOTOOL": "1",
        "PICO_SDK_PATH_OVERRIDE": port.parents[1] / "lib/pico-sdk",
    }
    command = ["cmake", "-S", str(port), "-B", str(folder), *(f"-D{name}={value}" for name, value in options.items())]
    command += [f"-DPICO_TINYUSB_PATH={port.parents[1] / 'lib/tinyusb'}"]
    mark, stamp = folder / "options.txt", "\n".join([*command, cross, (STAGE / ".staged").read_text()])
    if mark.exists() and mark.read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    say(f"{folder.name}: compiling, about a minute")
    run_logged(LOGS / f"configure-{folder.name}.log", command)
    mark.write_text(stamp)


def sizes(board: Board, elf: Path) -> dict[str, int]:
    at = named_symbols(board, elf, ("__flash_binary_end", "__GcHeapStart", "__GcHeapEnd"))
    assert board.memory
    heap = at["__GcHeapEnd"] - at["__GcHeapStart"]
    return {"flash": at["__flash_binary_end"] - FLASH_BASE, "static_ram": board.memory.ram - heap, "heap": heap}


def build(board: Board, main: Path | None) -> dict[str, object]:
    """Build the image and check it against its limits. `main`: folder of another main.py (benches, tests)."""
    if main and not (main / "main.py").is_file():
        raise BuildError(f"{main} has no main.py")
    need_toolchain(TOOLCHAINS[board.arch])
    need("arm-none-eabi-g++", "libstdc++-arm-none-eabi-newlib")
    need("cmake", "cmake")
    source, cross = micropython(), mpy_cross()
    fetch(*SDK_LIBRARIES)
    folder = BUILD / "firmware" / (f"{board.name}-{main.name}" if main else board.name)
    os.environ["MICROPY_MPYCROSS"] = cross
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    with locked(STAGE):
        port = staged(source)
    with locked(folder):
        configure(board, port, folder, (main or ROOT / "firmware/rp2").resolve(), cross)
        run_logged(LOGS / f"firmware-{folder.name}.log", ["make", "-j2", "-C", str(folder)])
        size = sizes(board, folder / "firmware.elf")
        write_uf2(board, folder)
        build_bootrom(folder)
    say(f"{folder.name}: flash {size['flash']:,}, static RAM {size['static_ram']:,}, heap {size['heap']:,} bytes")
    check_limits(board, size)
    files = {kind: str(folder / f"firmware.{kind}") for kind in ("elf", "bin", "uf2")}
    return {"board": board.name, **files, **size}


def build_bootrom(folder: Path) -> None:
    """The stand-in for the part's boot ROM, which emulators need."""
    source = ROOT / "firmware/rp2/bootrom"
    inputs = [source / name for name in ("bootrom.ld", "header.S", "bootrom.c", "floats.c")]
    target, elf = folder / "bootrom.bin", folder / "bootrom.elf"
    if target.exists() and target.stat().st_mtime >= max(path.stat().st_mtime for path in inputs):
        return
    command = ["arm-none-eabi-gcc", *BOOTROM_FLAGS, "-T", *(str(path) for path in inputs), "-lm", "-lgcc", "-o", str(elf)]
    run_logged(LOGS / "bootrom.log", command)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", str(elf), str(target)], check=True)


def write_uf2(board: Board, folder: Path) -> None:
    from motet.flashing import uf2file

    assert board.flashing and board.flashing.family is not None
    content = uf2file.encode((folder / "firmware.bin").read_bytes(), FLASH_BASE, board.flashing.family)
    target = folder / "firmware.uf2"
    if not target.exists() or target.read_bytes() != content:
        target.write_bytes(content)
