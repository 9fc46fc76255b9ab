# SPDX-License-Identifier: Apache-2.0
"""A tool list is taken only when it has the hash its device announced; it is remembered, and few are read at a time."""

import asyncio

import pytest

from motet.fleet import BadAnswer
from motet.fleet.catalogues import AT_ONCE, MAX_PAGES, MAX_TOOLS, Catalogues
from motet_core.wire.catalogue import catalogue_hash

pytestmark = pytest.mark.anyio
TOOLS = [{"name": f"t{number}", "description": "d" * number, "inputSchema": {"type": "object"}} for number in range(7)]


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


async def test_few_devices_are_asked_at_a_time():
    catalogues, asked, answer = Catalogues(), [], asyncio.Event()

    def device(number):
        async def ask(_method, _params):
            asked.append(number)
            await answer.wait()
            return {"tools": [{"name": f"t{number}"}]}

        return ask

    wanted = [catalogue_hash([{"name": f"t{number}"}]) for number in range(3 * AT_ONCE)]
    lists = [asyncio.create_task(catalogues.get(one, "d", device(number))) for number, one in enumerate(wanted)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(asked) == AT_ONCE
    lists[0].cancel()
    answer.set()
    found = await asyncio.gather(*lists, return_exceptions=True)
    assert [isinstance(one, tuple) for one in found] == [False] + [True] * (3 * AT_ONCE - 1)
