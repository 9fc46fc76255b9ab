# SPDX-License-Identifier: Apache-2.0
"""Sectors wear out: they are retired while spares last, and what is stored stays."""

import hashlib

import pytest
from motet_native import store

BOARD = "worn"
SECTOR = 2048
SLOT = 4096


def flash_of(log: int = 6, slots: int = 8) -> store.Flash:
    return store.Flash(log=(log, SECTOR), slots=(slots, SLOT))


def fill(kept: store.Store, count: int, start: int = 0) -> None:
    for i in range(start, start + count):
        kept.put("n", f"key{i % 5}", b"%d" % i + bytes(40))


def install(kept: store.Store, revision: int, data: bytes) -> None:
    number = kept.begin(len(data))
    for offset in range(0, len(data), 500):
        kept.write(number, offset, data[offset : offset + 500])
    assert bytes(kept.finish(number)) == data
    kept.commit(number, 1, "kit", revision, hashlib.sha256(data).digest())


@pytest.mark.parametrize("what", ["erase", "program"])
@pytest.mark.parametrize("sector", range(6))
def test_a_worn_sector_of_the_log_is_retired_with_its_data_intact(sector: int, what: str) -> None:
    flash = flash_of()
    kept = store.Store(flash, BOARD)
    kept.put("n", "still", b"here")
    fill(kept, 300)
    flash.wear_out(sector * SECTOR, what)
    fill(kept, 600, 300)
    kept = store.Store(flash, BOARD)
    assert kept.get("n", "still") == b"here"
    assert [kept.get("n", f"key{i}") for i in range(5)] == [b"%d" % (895 + i) + bytes(40) for i in range(5)]
    assert kept.stats()["retired"] == 1
    erases = flash.erases()[sector]
    fill(kept, 300, 900)
    assert flash.erases()[sector] == erases, "a retired sector was used again"


def test_sectors_fail_one_after_the_other_until_no_spare_is_left_and_everything_can_still_be_read() -> None:
    flash = flash_of()
    kept = store.Store(flash, BOARD)
    written: dict[str, bytes] = {}
    count = 0
    with pytest.raises(store.Error) as raised:
        for sector in range(6):
            flash.wear_out(sector * SECTOR, "erase")
            for _ in range(400):
                key, value = f"key{count % 5}", b"%d" % count + bytes(40)
                kept.put("n", key, value)
                written[key] = value
                count += 1
    assert raised.value.args[1] in ("worn", "full")
    kept = store.Store(flash, BOARD)
    assert {key: kept.get("n", key) for key in written} == written


@pytest.mark.parametrize("what", ["erase", "program"])
@pytest.mark.parametrize("sector", range(3))
def test_an_install_moves_away_from_a_worn_sector(sector: int, what: str) -> None:
    flash = flash_of(slots=12)
    kept = store.Store(flash, BOARD)
    data = bytes(i * 7 & 255 for i in range(10_000))
    for _ in range(8):
        install(kept, 0, data)
    flash.wear_out(6 * SECTOR + sector * SLOT, what)
    for revision in range(1, 9):
        install(kept, revision, data)
        assert bytes(store.Store(flash, BOARD).data(1, "kit") or b"") == data
    assert store.Store(flash, BOARD).stats()["slots_retired"] == 1


def test_an_install_that_finds_no_good_sectors_leaves_the_old_revision() -> None:
    flash = flash_of(slots=4)
    kept = store.Store(flash, BOARD)
    install(kept, 1, b"1" * 5000)
    for sector in range(4):
        flash.wear_out(6 * SECTOR + sector * SLOT, "program")
    with pytest.raises(store.Error) as raised:
        install(kept, 2, b"2" * 5000)
    assert raised.value.args[1] == "worn"
    assert bytes(store.Store(flash, BOARD).data(1, "kit") or b"") == b"1" * 5000


def test_all_sectors_wear_alike() -> None:
    flash = flash_of(log=8)
    kept = store.Store(flash, BOARD)
    kept.put("n", "never changes", bytes(900))
    fill(kept, 20_000)
    erases = flash.erases()[:8]
    assert max(erases) - min(erases) <= 1 and min(erases) > 50
    for revision in range(64):
        install(kept, revision, bytes([revision + 1]) * 5000)
    erases = flash.erases()[16:]
    assert max(erases) - min(erases) <= 8


@pytest.mark.parametrize("unit", [1, 4, 16])
@pytest.mark.parametrize("values", [False, True], ids=["artifacts", "values too"])
def test_a_log_that_is_full_to_the_brim_can_be_emptied(unit: int, values: bool) -> None:
    kept = store.Store(store.Flash(log=(4, SECTOR), slots=(128, SLOT), unit=unit), BOARD)
    names = [f"artifact-{i:03}" for i in range(128)]
    there: list[str] = []
    if values:
        with pytest.raises(store.Error, match="no room"):
            for name in names:
                kept.put("values", name, bytes(60))
    with pytest.raises(store.Error, match="no room"):
        for name in names:
            number = kept.begin(1)
            kept.write(number, 0, b"x")
            kept.finish(number)
            kept.commit(number, 1, name, 1, bytes(32))
            there.append(name)
    assert there and all(kept.remove(1, name) for name in there)
    assert kept.artifacts() == []


def test_half_an_artifact_is_not_committed_and_what_is_held_back_is_written_first() -> None:
    flash = store.Flash(log=(4, SECTOR), slots=(8, SLOT), unit=16)
    kept = store.Store(flash, BOARD)
    number = kept.begin(21)
    kept.write(number, 0, b"0123456789")
    with pytest.raises(store.Error, match="out of range"):
        kept.commit(number, 1, "kit", 1, bytes(32))
    kept.write(number, 10, b"0123456789a")
    kept.commit(number, 1, "kit", 1, bytes(32))
    assert bytes(store.Store(flash, BOARD).data(1, "kit")) == b"01234567890123456789a"
