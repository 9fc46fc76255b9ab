# SPDX-License-Identifier: Apache-2.0
"""Emulators that Motet runs itself: what is missing is named, images become flash contents, the child's end is told."""

import struct
import sys
from pathlib import Path

import pytest

from motet import boards
from motet.emulate import EmulatorError, create, esp32c3_machine, image, rp2040_machine
from motet.flashing import uf2file

FLASH = 0x10000000


def segment(kind: int, address: int, content: bytes, at: int) -> tuple[bytes, bytes]:
    return struct.pack("<8I", kind, at, address, address, len(content), len(content), 5, 4), content


def elf(*parts: tuple[int, bytes]) -> bytes:
    """A 32-bit ELF file that loads these parts."""
    at, heads, body = 52 + 32 * len(parts), b"", b""
    for address, content in parts:
        head, content = segment(1, address, content, at + len(body))
        heads, body = heads + head, body + content
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    return ident + struct.pack("<HHIIIIIHHHHHH", 2, 243, 1, 0, 52, 0, 0, 52, 32, len(parts), 40, 0, 0) + heads + body


def test_an_elf_file_is_laid_out_by_its_load_addresses(tmp_path: Path) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(elf((FLASH + 8, b"code"), (FLASH, b"boot")))
    assert image.read(path, FLASH, 64) == b"boot\xff\xff\xff\xffcode"


def test_a_uf2_file_is_laid_out_by_its_blocks(tmp_path: Path) -> None:
    content = bytes(range(256)) + b"end"
    path = tmp_path / "firmware.uf2"
    path.write_bytes(uf2file.encode(content, FLASH, 0xE48BFF56))
    assert image.read(path, FLASH, 4096) == content.ljust(512, b"\xff")
    assert uf2file.content(path.read_bytes()) == ({0xE48BFF56}, content.ljust(512, b"\xff"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("firmware.bin", b"", "has nothing for the flash"),
        ("firmware.bin", b"x" * 65, "65 bytes at 0x10000000 are not within the flash"),
        ("firmware.elf", b"\x7fELF", "firmware.elf"),
        ("firmware.elf", elf((0x08000000, b"elsewhere")), "at 0x8000000 are not within the flash"),
        ("firmware.uf2", b"UF2\n" + bytes(600), "no whole number of blocks"),
    ],
)
def test_what_is_no_image_for_the_flash_is_refused(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(image.ImageError, match=says):
        image.read(path, FLASH, 64)


@pytest.mark.parametrize("board", ["esp32c3", "rp2040"])
def test_a_missing_image_is_named_with_what_builds_it(board: str, tmp_path: Path) -> None:
    machine = create(board, firmware=tmp_path / "none.elf")
    with pytest.raises(EmulatorError, match=rf"no firmware at .*none\.elf; build it with: tools/build.py firmware {board}"):
        machine._prepare_flash()  # type: ignore[attr-defined]
    machine.close()


def test_a_missing_unicorn_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esp32c3_machine, "find_spec", lambda _name: None)
    with pytest.raises(EmulatorError, match=r"unicorn, which is missing; install it with: pip install 'motet\[emulate\]'"):
        create("esp32c3").start()


def test_a_missing_node_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rp2040_machine, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmulatorError, match=r"Node is missing.*install it with: pip install 'motet\[emulate\]'"):
        create("rp2040").start()


def test_a_missing_rp2040js_is_named_with_what_fetches_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOTET_RP2040JS", str(tmp_path))
    with pytest.raises(EmulatorError, match=r"rp2040js is missing in .*; fetch it with: tools/fetch.py rp2040js"):
        create("rp2040").start()


def test_a_child_that_ends_at_once_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    firmware = tmp_path / "firmware.bin"
    firmware.write_bytes(b"anything")
    command = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    monkeypatch.setattr(esp32c3_machine.Esp32c3, "_command", lambda _self, _control, _uarts: command)
    machine = create("esp32c3", firmware=firmware)
    with pytest.raises(EmulatorError, match=r"the emulator does not start: .*no such thing"):
        machine.start()
    assert not machine.running and machine.pid is None
    machine.close()


def test_a_board_that_is_off_says_so() -> None:
    machine = create("esp32c3", firmware=Path("none"))
    for ask in (machine.reset, machine.instructions, lambda: machine.read_memory(0, 4), lambda: machine.write_memory(0, b"x")):
        with pytest.raises(EmulatorError, match="esp32c3 is not running"):
            ask()
    machine.close()


def test_boards_of_this_kind_take_no_arguments_for_qemu() -> None:
    with pytest.raises(EmulatorError, match="not emulated by QEMU"):
        create(boards.load("esp32c3"), arguments=["-d", "exec"])
