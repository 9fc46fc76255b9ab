# SPDX-License-Identifier: Apache-2.0
"""A device behind a serial line is a device on the bus, whatever line, board and broker do."""

import asyncio
import contextlib

import pytest
from motet_native import cancel_pending
from tests.support.bridge_world import TOPICS, Inbox, bridge_world, next_request, presence
from tests.support.core_device import ProcessDevice, Scripted, core_device
from tests.support.noisy import Faults, NoisyRelay
from tests.support.waiting import until

from motet.bridge import IdTaken
from motet.bridge import bridge as bridge_module
from motet.bus import Bus
from motet.fleet import DeviceOffline, DeviceRestarted, DeviceTimeout, FleetError
from motet.wire import Presence
from motet_core.port import HELLO, PRESENCE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world():
    async with bridge_world() as made:
        yield made


@pytest.fixture
def board():
    device = ProcessDevice()
    yield device
    device.kill()


async def test_tools_of_a_serial_device_can_be_called(world):
    async with core_device() as url:
        bridge = world.bridge(url, "dev")
        await world.happens("tools")
        assert (await world.vitals())["board"] == "linux"
        assert bridge.online and bridge.device == "dev" and bridge.stats["frames_in"] > 0


async def test_a_board_with_an_id_of_its_own_keeps_it(world):
    async with core_device("mine") as url:
        bridge = world.bridge(url, "given")
        await world.happens("tools", "mine")
        assert bridge.device == "mine"


@pytest.mark.parametrize(
    "faults",
    [
        Faults(bit=1e-4),
        Faults(lose=5e-4),
        Faults(double=0.05),
        Faults(stall=0.05, stall_s=0.3),
        Faults(bit=3e-4, lose=2e-4, double=0.02),
    ],
    ids=["bit errors", "lost bytes", "doubled chunks", "stalls", "all of it"],
)
async def test_on_a_bad_line_every_call_is_answered_and_none_wrongly(world, faults):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2]), faults, seed=7) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev")
        await world.happens("tools")
        before = (await world.vitals())["calls"]["calls"]
        for number in range(1, 61):
            assert (await world.vitals())["calls"]["calls"] == before + number
        assert relay.flipped + relay.lost + relay.doubled + relay.stalled > 0
        assert set(world.fleet.counters().values()) <= {0}


async def test_a_cut_line_is_an_absence_and_a_mended_one_a_return(world):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2])) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev")
        await world.happens("tools")
        relay.cut()
        await world.happens("departed")
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_silent_line_is_an_absence_and_its_first_word_a_return(world):
    async with core_device() as url, NoisyRelay(int(url.rpartition(":")[2])) as relay:
        world.bridge(f"socket://127.0.0.1:{relay.port}", "dev", silence_ms=300)
        await world.happens("tools")
        relay.hold()
        call = asyncio.create_task(world.vitals())
        await world.happens("departed")
        with pytest.raises(DeviceOffline):
            await call
        relay.resume()
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_killed_board_ends_its_calls_at_once_and_comes_back_as_another_boot(world, board):
    world.bridge(board.url, "dev")
    await world.happens("tools")
    first = world.fleet.get("dev").nonce
    calls = [asyncio.create_task(world.vitals()) for _ in range(3)]
    await asyncio.sleep(0)
    board.kill()
    for outcome in await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10):
        assert isinstance(outcome, DeviceOffline | DeviceRestarted | dict)
    board.start()
    await world.happens("arrived")
    assert world.fleet.get("dev").nonce != first
    assert (await world.vitals())["board"] == "linux"


async def test_a_board_that_restarts_on_its_line_ends_its_calls_as_restarted(world):
    async with Scripted().serving() as device:
        world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        call = asyncio.create_task(world.fleet.call("dev", "x", {}, 20))
        while (await next_request(device))[0]["method"] != "x":
            pass
        device.restart()
        while (await device.received.get())[0] != HELLO:
            pass
        await device.send(PRESENCE, presence(nonce=b"BBBBBBBB"))
        with pytest.raises(DeviceRestarted):
            await asyncio.wait_for(call, 10)


async def test_a_board_that_restarts_and_stays_silent_is_gone(world, monkeypatch):
    monkeypatch.setattr(bridge_module, "_RETURN_S", 0.2)
    async with Scripted().serving() as device:
        world.bridge(device.url)
        await device.received.get()
        await device.send(PRESENCE, presence())
        await world.happens("arrived")
        device.restart()
        await world.happens("departed")


async def test_a_killed_broker_is_waited_out(world):
    async with core_device() as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        for _ in range(2):
            world.broker.kill()
            call = asyncio.create_task(world.vitals())
            await until(lambda: not world.bus.connected, "the loss")
            world.broker.start()
            with contextlib.suppress(FleetError):
                await asyncio.wait_for(call, 25)
            await until(lambda: world.fleet.get("dev").confirmed.is_set(), "the return", 20)
            assert (await world.vitals())["board"] == "linux"


async def test_a_bridge_that_loses_the_broker_is_reported_by_its_will_and_returns(world):
    async with core_device() as url, NoisyRelay(int(world.broker.url.rpartition(":")[2])) as relay:
        world.bridge(url, "dev", broker_url=f"mqtt://127.0.0.1:{relay.port}")
        await world.happens("tools")
        relay.cut()
        await world.happens("departed")
        await world.happens("arrived")
        assert (await world.vitals())["board"] == "linux"


async def test_a_stopped_bridge_leaves_the_device_reported_as_gone(world):
    async with core_device() as url:
        bridge = world.bridge(url, "dev")
        await world.happens("tools")
        await world.stop(bridge)
        await world.happens("departed")
        inbox = Inbox()
        late = await Bus.connect(world.broker.url, "late")
        await late.subscribe(TOPICS.presence("dev"), inbox)
        await until(lambda: inbox, "the retained record")
        assert not Presence.decode(inbox[0][1]).online
        await late.close()


async def test_the_second_board_with_an_id_is_refused_and_the_first_keeps_working(world):
    async with core_device() as first, core_device() as second:
        world.bridge(first, "dev")
        await world.happens("tools")
        intruder = world.bridge(second, "dev")
        with pytest.raises(IdTaken, match="another board with the id 'dev'"):
            await asyncio.wait_for(asyncio.shield(intruder.task), 15)
        assert (await world.vitals())["board"] == "linux"
        assert [kind for kind, _ in world.events if kind in ("departed", "restarted")] == []


async def test_two_boards_that_come_at_once_end_with_one_of_them(world):
    async with core_device() as one, core_device() as other:
        bridges = [world.bridge(one, "dev"), world.bridge(other, "dev")]
        done, _ = await asyncio.wait([bridge.task for bridge in bridges], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert [type(task.exception()) for task in done] == [IdTaken]
        await until(lambda: any(bridge.online for bridge in bridges), "the one that stays")
        await until(lambda: world.fleet.get("dev").online and world.fleet.get("dev").tools, "its presence")
        assert (await world.vitals())["board"] == "linux"


async def test_a_record_left_behind_by_a_dead_board_is_no_obstacle(world):
    stale = Presence("dev", 1, b"deadbeef", 9, 1, 512, 4096, b"h" * 16, "old", "sim")
    world.bus.publish(TOPICS.presence("dev"), stale.encode(), retain=True)
    await world.happens("arrived")
    async with core_device() as url:
        world.bridge(url, "dev")
        await world.happens("restarted")
        await world.happens("tools")


class Endless:
    """A tool host whose tool runs until it is stopped by the cancel flag."""

    blocking = True
    stopped = 0

    def tools(self):
        return ["endless.run"]

    def describe(self, name):
        return {"name": name, "description": "Runs until it is stopped.", "inputSchema": {"type": "object"}}

    def call(self, _name, _arguments):
        while not cancel_pending():
            pass
        self.stopped += 1
        return {}, None


async def test_a_time_out_stops_what_runs_on_the_device(world):
    endless = Endless()
    async with core_device(tools=[endless]) as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        with pytest.raises(DeviceTimeout):
            await world.fleet.call_tool("dev", "endless.run", {}, timeout=0.5)
        await until(lambda: endless.stopped == 1, "the stop")
        assert (await world.vitals())["board"] == "linux"


async def test_a_cancelled_caller_stops_what_runs_on_the_device(world):
    endless = Endless()
    async with core_device(tools=[endless]) as url:
        world.bridge(url, "dev")
        await world.happens("tools")
        call = asyncio.create_task(world.fleet.call_tool("dev", "endless.run", {}))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        # Whether it had begun or not: it does not run now.
        assert (await world.vitals())["board"] == "linux"
