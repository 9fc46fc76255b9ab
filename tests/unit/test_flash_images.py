# SPDX-License-Identifier: Apache-2.0
"""What may be written to a board, and what is refused before anything talks to it."""

from __future__ import annotations

import struct

import pytest
from tests.support import images

from motet.boards_flashing import Flashing
from motet.flashing import FlashError, Reason, uf2file
from motet.flashing.image import load
from motet.flashing.ports import Found, find


def refusal(board, path, suffix=".bin", force=False):
    with pytest.raises(FlashError) as caught:
        load(board, board.flashing, path, suffix, force)
    assert caught.value.reason is Reason.IMAGE
    return str(caught.value)


def elf(segments, machine=243):
    """An ELF file for 32-bit RISC-V with nothing but loadable segments: (load address, content)."""
    at, heads, body = 52 + 32 * len(segments), b"", b""
    for address, content in segments:
        heads += struct.pack("<8I", 1, at + len(body), 0x9000_0000, address, len(content), len(content), 5, 4)
        body += content
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, machine, 1, 0, 52, 0, 0, 52, 32, len(segments), 0, 0, 0)
    return head + heads + body


def test_an_image_is_taken_as_it_stands_in_the_file(tmp_path):
    image = load(board := images.board(tmp_path, "esp32c3"), board.flashing, images.binary(tmp_path, "esp32c3"), ".bin")
    assert image.content == image.file == images.content("esp32c3")


def test_an_elf_file_becomes_what_the_flash_shall_hold_with_gaps_erased(tmp_path):
    board, content = images.board(tmp_path, "stm32"), images.content("stm32", 100)
    (path := tmp_path / "firmware.elf").write_bytes(elf([(0x0800_0000, content), (0x0800_0080, b"data")]))
    assert load(board, board.flashing, path, ".bin").content == content + b"\xff" * 28 + b"data"


def stored(tmp_path, middle=b"\xff" * 0x2000):
    """A board that keeps values behind the first 4 KB, and an image around them."""
    board, head, tail = images.board(tmp_path, "stm32", images.STORE), images.content("stm32", 0x1000), b"program" * 100
    (path := tmp_path / "firmware.bin").write_bytes(head + middle + tail)
    return board, path, head, tail


def test_what_the_device_keeps_between_two_parts_of_an_image_is_not_written(tmp_path):
    board, path, head, tail = stored(tmp_path)
    assert load(board, board.flashing, path, ".bin").parts == ((0, head), (0x3000, tail))


def test_an_image_that_reaches_into_what_the_device_keeps_is_refused(tmp_path):
    board, path, _, _ = stored(tmp_path, b"\xff" * 0x1FFF + b"x")
    assert "keeps its values" in refusal(board, path)


def test_an_image_that_ends_before_what_the_device_keeps_is_one_part(tmp_path):
    board = images.board(tmp_path, "stm32", images.STORE)
    content = images.content("stm32", 0x1000)
    path = images.binary(tmp_path, "stm32", size=0x1000)
    assert load(board, board.flashing, path, ".bin").parts == ((0, content),)


def test_a_uf2_file_is_read_block_by_block_but_given_to_the_board_whole(tmp_path):
    board, path = images.board(tmp_path, "rp2040"), images.uf2(tmp_path, "rp2040", size=1000)
    image = load(board, board.flashing, path, ".uf2")
    assert image.content.startswith(images.content("rp2040", 1000)) and image.file == path.read_bytes()


@pytest.mark.parametrize("force", [False, True])
def test_another_boards_image_is_refused_even_with_force(tmp_path, force):
    text = refusal(images.board(tmp_path, "esp32c3"), images.binary(tmp_path, "rp2040"), force=force)
    assert "for rp2040, not for esp32c3" in text


def test_an_image_that_names_no_board_needs_force(tmp_path):
    board, path = images.board(tmp_path, "esp32c3"), images.binary(tmp_path, None)
    assert "--force" in refusal(board, path)
    assert load(board, board.flashing, path, ".bin", force=True).content == path.read_bytes()


def test_an_image_longer_than_the_flash_is_refused_with_both_sizes(tmp_path):
    text = refusal(images.board(tmp_path, "esp32c3"), images.binary(tmp_path, "esp32c3", size=(1 << 20) + 1))
    assert "1048577" in text and "1048576" in text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\x7fELF" + b"\0" * 10, "no whole ELF"),
        (b"\x7fELF\1\1\1" + b"\xff" * 60, "ELF"),
        (elf([(0x2000_0000, b"code")]), "not linked for 0x8000000"),
        (elf([(0x0800_0000, b"a"), (0xFFFF_FFF0, b"b")]), "no firmware"),
        (elf([]), "not linked"),
        (b"UF2\nWQ]\x9e", "UF2"),
    ],
)
def test_files_that_are_no_image_for_the_part_are_told_apart(tmp_path, data, reason):
    (path := tmp_path / "firmware.bin").write_bytes(data)
    assert reason in refusal(images.board(tmp_path, "stm32"), path, force=True)


def test_a_missing_image_and_a_folder_are_named(tmp_path):
    board = images.board(tmp_path, "esp32c3")
    assert "nothing.bin" in refusal(board, tmp_path / "nothing.bin")
    assert "cannot read" in refusal(board, tmp_path)


def test_without_an_image_the_error_says_how_to_build_it(tmp_path):
    assert "tools/build.py firmware nosuchboard" in refusal(
        images.board(tmp_path, "esp32c3").model_copy(update={"name": "nosuchboard"}), None
    )


def test_a_uf2_file_of_another_family_is_refused_with_both_families(tmp_path):
    text = refusal(images.board(tmp_path, "rp2040"), images.uf2(tmp_path, "rp2040", family=0xD42BA06C), ".uf2")
    assert "0xd42ba06c" in text and "0xe48bff56" in text


@pytest.mark.parametrize("cut", [1, 511, 512, 5 * 512])
def test_a_uf2_file_that_is_cut_off_is_refused(tmp_path, cut):
    path = images.uf2(tmp_path, "rp2040")
    path.write_bytes(path.read_bytes()[:-cut])
    assert "block" in refusal(images.board(tmp_path, "rp2040"), path, ".uf2")


@pytest.mark.parametrize(("at", "value"), [(0, 0), (4, 0), (508, 0), (16, 477), (16, 0), (20, 10**6)])
def test_a_uf2_block_with_a_wrong_field_is_found(tmp_path, at, value):
    data = bytearray(images.uf2(tmp_path, "rp2040").read_bytes())
    struct.pack_into("<I", data, 512 + at, value)
    with pytest.raises(uf2file.Uf2Error, match="block 1"):
        uf2file.content(bytes(data))


def test_uf2_addresses_far_apart_do_not_make_a_giant_image(tmp_path):
    data = bytearray(images.uf2(tmp_path, "rp2040").read_bytes())
    struct.pack_into("<I", data, 512 + 12, 0xF000_0000)
    with pytest.raises(uf2file.Uf2Error, match="no flash is that large"):
        uf2file.content(bytes(data))


ESP, ADAPTER = Found("/dev/ttyACM0", "303a:1001", "USB JTAG"), Found("/dev/ttyUSB0", "10c4:ea60", "CP2102")


def test_the_only_port_with_the_boards_usb_id_is_the_one():
    assert find("esp32c3", ["303a:1001"], [ADAPTER, ESP, Found("/dev/ttyS0", "", "")]) == "/dev/ttyACM0"


def test_two_ports_that_fit_are_both_listed_and_none_is_chosen():
    with pytest.raises(FlashError, match="several") as caught:
        find("esp32c3", ["303a:1001", "10c4:ea60"], [ADAPTER, ESP])
    assert "/dev/ttyACM0 (303a:1001 USB JTAG)" in str(caught.value) and "/dev/ttyUSB0" in str(caught.value)


@pytest.mark.parametrize(("ports", "said"), [([], "no serial port"), ([ADAPTER], "10c4:ea60 CP2102")])
def test_no_port_that_fits_says_what_is_there(ports, said):
    with pytest.raises(FlashError, match="303a:1001") as caught:
        find("esp32c3", ["303a:1001"], ports)
    assert caught.value.reason is Reason.PORT and said in str(caught.value)


@pytest.mark.parametrize(
    ("section", "missing"),
    [
        ({"method": "esptool"}, "chip"),
        ({"method": "uf2", "family": 1}, "drive"),
        ({"method": "none", "alternatives": ("dfu",)}, "dfu_layout"),
    ],
)
def test_a_method_without_what_it_checks_the_chip_by_is_no_board(section, missing):
    with pytest.raises(ValueError, match=missing):
        Flashing(**section)


@pytest.mark.parametrize("usb", ["303A:1001", "303a", "303a:1001:2"])
def test_usb_ids_have_one_form(usb):
    with pytest.raises(ValueError, match="usb"):
        Flashing(method="none", usb=(usb,))
