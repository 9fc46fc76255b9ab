# SPDX-License-Identifier: Apache-2.0
"""A tool list is taken only when it has the hash its device announced, and equal devices are asked once."""

import asyncio

import pytest

from motet.fleet import BadAnswer, DeviceTimeout
from motet.fleet.catalogues import MAX_PAGES, MAX_TOOLS, Catalogues
from motet_core.wire.catalogue import catalogue_hash

pytestmark = pytest.mark.anyio
TOOLS = [{"name": f"t{number}", "description": "d" * number, "inputSchema": {"type": "object"}} for number in range(7)]


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Asked:
    """A device: answers with pages of `tools` and counts the questions."""

    def __init__(self, tools, page=3):
        self.tools, self.page, self.questions = tools, page, []

    async def __call__(self, method, params):
        self.questions.append((method, params))
        await asyncio.sleep(0)
        start = int(params.get("cursor", 0))
        more = {"nextCursor": str(start + self.page)} if start + self.page < len(self.tools) else {}
        return {"tools": self.tools[start : start + self.page], **more}


async def test_all_pages_are_read_and_remembered():
    catalogues, device = Catalogues(), Asked(TOOLS)
    wanted = catalogue_hash(TOOLS)
    assert list(await catalogues.get(wanted, "a", device)) == TOOLS
    assert device.questions == [("tools/list", {}), ("tools/list", {"cursor": "3"}), ("tools/list", {"cursor": "6"})]
    assert list(catalogues.known(wanted)) == TOOLS
    await catalogues.get(wanted, "b", device)
    assert len(device.questions) == 3


async def test_equal_devices_that_arrive_together_are_asked_once():
    catalogues, devices = Catalogues(), [Asked(TOOLS) for _ in range(20)]
    wanted = catalogue_hash(TOOLS)
    lists = await asyncio.gather(*(catalogues.get(wanted, f"d{at}", one) for at, one in enumerate(devices)))
    assert all(one is lists[0] for one in lists)
    assert [len(device.questions) for device in devices] == [3] + [0] * 19


async def test_a_device_that_fails_leaves_the_next_one_its_turn():
    async def silent(_method, _params):
        await asyncio.sleep(0)
        raise DeviceTimeout("bad", "no answer")

    catalogues, good = Catalogues(), Asked(TOOLS)
    wanted = catalogue_hash(TOOLS)
    first, second = await asyncio.gather(
        catalogues.get(wanted, "bad", silent), catalogues.get(wanted, "good", good), return_exceptions=True
    )
    assert isinstance(first, DeviceTimeout) and list(second) == TOOLS


@pytest.mark.parametrize("tools", [[], TOOLS[:-1], list(reversed(TOOLS)), [*TOOLS[:-1], {"name": "t6"}]])
async def test_another_list_than_announced_is_refused_and_not_remembered(tools):
    catalogues = Catalogues()
    wanted = catalogue_hash(TOOLS)
    with pytest.raises(BadAnswer, match="than it announced"):
        await catalogues.get(wanted, "liar", Asked(tools))
    assert catalogues.known(wanted) is None and catalogues.known(catalogue_hash(tools)) is None and catalogues.mismatches == 1


@pytest.mark.parametrize("tools", [None, {"name": "x"}, ["x"], [{}], [{"name": 1}]])
async def test_a_page_that_is_no_list_of_tools_is_refused(tools):
    async def ask(_method, _params):
        return {"tools": tools}

    with pytest.raises(BadAnswer, match="list of entries that have a name"):
        await Catalogues().get(b"h" * 16, "bad", ask)


async def test_a_list_without_end_is_given_up():
    asked = []

    async def endless(_method, params):
        asked.append(params)
        return {"tools": [], "nextCursor": "again"}

    with pytest.raises(BadAnswer, match="more than"):
        await Catalogues().get(b"h" * 16, "bad", endless)
    assert len(asked) == MAX_PAGES


async def test_too_many_tools_are_given_up():
    many = [{"name": f"t{number}"} for number in range(MAX_TOOLS + 1)]
    with pytest.raises(BadAnswer, match=f"more than {MAX_TOOLS}"):
        await Catalogues().get(catalogue_hash(many), "bad", Asked(many, page=500))


async def test_the_cache_is_bounded_and_keeps_what_is_used():
    catalogues = Catalogues(max_cached=2)
    lists = [[{"name": name}] for name in "abc"]
    hashes = [catalogue_hash(one) for one in lists]
    for wanted, tools in zip(hashes[:2], lists[:2], strict=True):
        await catalogues.get(wanted, "d", Asked(tools))
    catalogues.known(hashes[0])
    await catalogues.get(hashes[2], "d", Asked(lists[2]))
    assert [catalogues.known(one) is not None for one in hashes] == [True, False, True]


async def test_a_cancelled_reader_leaves_no_lock_behind():
    catalogues, blocked = Catalogues(), asyncio.Event()

    async def never(_method, _params):
        await blocked.wait()

    first = asyncio.create_task(catalogues.get(catalogue_hash(TOOLS), "slow", never))
    second = asyncio.create_task(catalogues.get(catalogue_hash(TOOLS), "next", Asked(TOOLS)))
    await asyncio.sleep(0)
    first.cancel()
    assert list(await second) == TOOLS
