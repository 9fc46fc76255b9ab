# SPDX-License-Identifier: Apache-2.0
"""UF2 into a folder that stands for the boot drive; a thread plays the boot loader, which takes the drive away."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.support import images

from motet import flashing
from motet.flashing import FlashError, Options, Reason, uf2

INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    return boot_drive(tmp_path / "drive")


def boot_drive(path: Path, board: str = "RPI-RP2") -> Path:
    path.mkdir()
    (path / uf2.INFO).write_text(INFO.format(board))
    return path


class BootLoader:
    """Unmounts itself once the whole file is there, as the ROM does after the last block."""

    def __init__(self, drive: Path, size: int) -> None:
        self._drive, self._size = drive, size
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.taken = b""

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)

    def _run(self):
        while not self._stop.wait(0.01):
            for file in self._drive.glob("FIRMWARE*"):
                if file.stat().st_size == self._size:
                    self.taken = file.read_bytes()
                    (self._drive / uf2.INFO).unlink()
                    return


def flash(tmp_path, drive, **options):
    board = images.board(tmp_path, "rp2040")
    path = options.pop("image", None) or images.uf2(tmp_path, "rp2040")
    steps = []
    done = flashing.flash(board, steps.append, Options(port=str(drive), image=path, **options))
    return done, steps


def test_the_drive_gets_the_file_whole_and_flashing_ends_when_it_vanishes(tmp_path, drive):
    path = images.uf2(tmp_path, "rp2040")
    with BootLoader(drive, path.stat().st_size) as loader:
        done, steps = flash(tmp_path, drive)
    assert loader.taken == path.read_bytes()
    assert done.written and "restarted" in done.checked
    assert [step.fraction for step in steps if step.fraction is not None][-1] == 1.0


def test_a_boot_loader_that_shows_the_same_content_is_left_alone(tmp_path, drive):
    path = images.uf2(tmp_path, "rp2040")
    (drive / uf2.CURRENT).write_bytes(path.read_bytes())
    assert not flash(tmp_path, drive)[0].written
    assert not list(drive.glob("FIRMWARE*"))


def test_a_board_that_does_not_restart_has_not_taken_the_image(tmp_path, drive, monkeypatch):
    monkeypatch.setattr(uf2, "_RESTART_S", 0.1)
    with pytest.raises(FlashError, match="still there") as caught:
        flash(tmp_path, drive)
    assert caught.value.reason is Reason.VERIFY
    with BootLoader(drive, images.uf2(tmp_path, "rp2040").stat().st_size):
        assert flash(tmp_path, drive)[0].written


def test_a_drive_that_is_pulled_out_half_way_is_reported_and_the_second_attempt_works(tmp_path, drive, monkeypatch):
    fsync, calls = uf2.os.fsync, []

    def pulled(number):
        calls.append(number)
        if len(calls) == 1:
            raise OSError(5, "Input/output error")
        fsync(number)

    monkeypatch.setattr(uf2, "_CHUNK", 4096)
    monkeypatch.setattr(uf2.os, "fsync", pulled)
    with pytest.raises(FlashError, match="broke off") as caught:
        flash(tmp_path, drive)
    assert caught.value.reason is Reason.LOST
    with BootLoader(drive, images.uf2(tmp_path, "rp2040").stat().st_size):
        assert flash(tmp_path, drive)[0].written


def test_the_drive_of_another_board_is_refused_by_its_name(tmp_path):
    other = boot_drive(tmp_path / "other", "SAMD21G18A-Feather-v0")
    with pytest.raises(FlashError, match="SAMD21G18A") as caught:
        flash(tmp_path, other)
    assert caught.value.reason is Reason.CHIP and not list(other.glob("FIRMWARE*"))


def test_a_folder_that_is_no_boot_drive_says_how_to_get_one(tmp_path):
    with pytest.raises(FlashError, match="BOOTSEL") as caught:
        flash(tmp_path, tmp_path)
    assert caught.value.reason is Reason.PORT


def test_boot_drives_are_told_from_other_mounts(tmp_path, drive):
    (tmp_path / "stick").mkdir()
    assert uf2.boot_drives([tmp_path / "stick", drive, tmp_path / "gone"]) == [drive]


def test_an_info_file_full_of_noise_is_no_boards(tmp_path):
    (tmp_path / uf2.INFO).write_bytes(bytes(range(256)) * 100)
    assert uf2.board_id(tmp_path) == ""
