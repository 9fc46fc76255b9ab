# SPDX-License-Identifier: Apache-2.0
"""Presence records may come late, doubled, replayed or forged; the registry believes only what fits together."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.fleet.registry import Registry
from motet.wire import Presence

A, B, C = b"AAAAAAAA", b"BBBBBBBB", b"CCCCCCCC"


def record(nonce=A, sequence=1, device="dev", **changes):
    fields = {
        "id": device, "state": 1, "nonce": nonce, "sequence": sequence, "dictionary": 1, "limit": 512, "max_total": 4096,
        "catalogue": b"h" * 16, "firmware": "motet 1", "board": "sim", "reset_reason": "power on",
    }  # fmt: skip
    return Presence(**{**fields, **changes})


class World:
    def __init__(self, **settings):
        self.events = []
        self.registry = Registry(lambda event: self.events.append((event.kind, event.device.id)), **settings)

    def tell(self, *records):
        """What happened because of these records."""
        before = len(self.events)
        for one in records:
            self.registry.receive(one.id, one.encode())
        return [kind for kind, _ in self.events[before:]]

    @property
    def device(self):
        return self.registry.devices["dev"]


@pytest.fixture
def world():
    return World()


def test_the_first_record_of_a_device_is_its_arrival(world):
    assert world.tell(record()) == ["arrived"]
    assert (world.device.online, world.device.board, world.device.firmware, world.device.limit) == (True, "sim", "motet 1", 512)
    assert world.device.reset_reason == "power on" and world.device.last_seen > 0 and world.device.link["max_total"] == 4096


def test_newer_records_of_the_same_boot_are_no_arrival(world):
    world.tell(record())
    assert world.tell(record(sequence=2, catalogue=b"i" * 16)) == []
    assert world.device.record.catalogue == b"i" * 16


def test_the_same_record_again_changes_nothing(world):
    assert world.tell(record(), record(), record()) == ["arrived"]
    assert not world.registry.counts


def test_an_older_record_of_the_same_boot_is_refused(world):
    world.tell(record(sequence=5, catalogue=b"n" * 16))
    assert world.tell(record(sequence=4, catalogue=b"o" * 16)) == []
    assert world.device.record.sequence == 5 and world.registry.counts["presence_stale"] == 1


def test_a_last_will_ends_its_own_boot_whatever_its_sequence(world):
    world.tell(record(sequence=1), record(sequence=9))
    assert world.tell(record(sequence=1).gone()) == ["departed"]
    assert not world.device.online and not world.device.confirmed.is_set()


def test_after_a_last_will_only_a_newer_record_brings_the_device_back(world):
    world.tell(record(sequence=3), record(sequence=3).gone())
    assert world.tell(record(sequence=3)) == [] and world.registry.counts["presence_stale"] == 1
    assert world.tell(record(sequence=4)) == ["arrived"]


def test_a_second_last_will_is_no_second_departure(world):
    assert world.tell(record(), record().gone(), record().gone()) == ["arrived", "departed"]


def test_another_boot_while_the_device_is_online_is_a_restart(world):
    assert world.tell(record(A, 7), record(B, 1)) == ["arrived", "restarted"]
    assert world.device.nonce == B


def test_another_boot_of_a_device_that_was_gone_is_an_arrival(world):
    assert world.tell(record(A), record(A).gone(), record(B)) == ["arrived", "departed", "arrived"]


@pytest.mark.parametrize("replayed", [record(A, 99), record(A, 99).gone()])
def test_a_boot_that_another_followed_never_comes_back(world, replayed):
    world.tell(record(A), record(B))
    assert world.tell(replayed) == []
    assert world.device.nonce == B and world.device.online and world.registry.counts["presence_replayed"] == 1


def test_two_boards_with_one_id_settle_on_the_later_one(world):
    assert world.tell(record(A, 1), record(B, 1), record(A, 2), record(B, 2), record(A, 3)) == ["arrived", "restarted"]
    assert world.registry.counts["presence_replayed"] == 2


def test_an_unknown_boot_that_is_gone_takes_nothing_from_the_present_one(world):
    world.tell(record(A, 3))
    assert world.tell(record(C).gone()) == ["departed"]
    assert world.tell(record(A, 4)) == ["arrived"]


def test_a_device_known_by_its_will_only_arrives_with_its_first_record(world):
    assert world.tell(record(A, 5).gone()) == [] and not world.device.online
    assert world.tell(record(A, 2)) == ["arrived"]


def test_a_record_on_the_topic_of_another_device_is_refused(world):
    world.registry.receive("other", record().encode())
    assert world.registry.devices == {} and world.registry.counts["presence_foreign"] == 1


@pytest.mark.parametrize("payload", [b"\x00", b"\xa0", b"\xff" * 9, record().encode()[:-1], record().encode() + b"\x00"])
def test_what_is_no_record_is_refused(world, payload):
    world.registry.receive("dev", payload)
    assert world.registry.devices == {} and world.registry.counts["presence_malformed"] == 1


def test_unknown_fields_are_refused(world):
    payload = bytearray(record().encode())
    payload[0] += 1
    world.registry.receive("dev", bytes(payload) + b"\x0b\x01")
    assert world.registry.counts["presence_malformed"] == 1


def test_the_number_of_devices_is_bounded():
    world = World(max_devices=2)
    world.tell(*(record(device=f"d{number}") for number in range(5)))
    assert len(world.registry.devices) == 2 and world.registry.counts["presence_too_many"] == 3


def test_a_cleared_record_forgets_a_device_that_is_gone(world):
    world.tell(record())
    world.registry.receive("dev", b"")
    assert world.device.online
    world.tell(record().gone())
    world.registry.receive("dev", b"")
    assert world.registry.devices == {} and world.events[-1] == ("removed", "dev")


def test_who_does_not_come_back_after_the_broker_did_is_gone(world):
    world.tell(record(), record(device="other"))
    world.registry.doubt()
    assert world.device.online and not world.device.confirmed.is_set()
    assert world.tell(record(device="other")) == []
    world.registry.give_up()
    assert world.events[-1] == ("departed", "dev") and world.registry.devices["other"].online
    assert world.tell(record()) == ["arrived"], "the same record is good when the device was only presumed gone"


def test_waiting_for_a_confirmation_ends_with_it(world):
    async def scenario():
        world.tell(record())
        world.registry.doubt()
        waiting = asyncio.create_task(world.device.confirmed.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        world.tell(record())
        await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())


STEPS = st.tuples(st.sampled_from((A, B, C)), st.integers(0, 4), st.booleans())


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_in_any_order_of_records_events_alternate_and_no_retired_boot_returns(steps):
    world, retired, last = World(), set(), None
    for nonce, sequence, online in steps:
        one = record(nonce, sequence)
        world.tell(one if online else one.gone())
        device = world.device if world.registry.devices else None
        if device is not None and device.online and device.nonce != last:
            retired |= {last} - {None}
            last = device.nonce
            assert last not in retired
    kinds = [kind for kind, _ in world.events if kind != "restarted"]
    assert kinds == (["arrived", "departed"] * len(kinds))[: len(kinds)]
