# SPDX-License-Identifier: Apache-2.0
"""Tasks that have ended: bounded by number and size, for each caller and for all, in memory and in the database."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from tests.support.waiting import until

from motet.gateway import finished
from motet.gateway.asking import Question
from motet.gateway.finished import Finished
from motet.gateway.tasks import Tasks
from motet.gateway.tasktable import Task, TaskTable
from motet.store import Store, StoreError

pytestmark = pytest.mark.anyio
QUESTION = Question("pump", "pump.job", "tools/call", {})


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'motet.db'}")
    yield made
    made.close()


@pytest.fixture
def small(monkeypatch):
    for name, value in (("MOST", 6), ("MOST_OF_ONE", 3), ("MOST_BYTES", 1000), ("MOST_BYTES_OF_ONE", 500)):
        monkeypatch.setattr(finished, name, value)


def task(number, owner="me", result=None, **more):
    names = str(number), owner, "pump", "pump.job", "tools/call"
    return Task(*names, {}, 1, number, 60_000, 100, status="completed", result=result or {}, **more)


def test_the_oldest_of_a_caller_with_too_many_goes_first(small):
    kept = Finished()
    assert [kept.add(task(number)) for number in range(5)] == [[], [], [], ["0"], ["1"]]
    assert kept.add(task(5, "other")) == [] and len(kept) == 4


def test_the_oldest_of_all_goes_when_there_are_too_many_of_all(small):
    kept = Finished()
    assert [kept.add(task(number, str(number // 2))) for number in range(8)][6:] == [["0"], ["1"]]


def test_large_results_count_by_their_size_and_the_newest_always_stays(small):
    kept = Finished()
    assert kept.add(task(0, result={"text": "x" * 300})) == []
    assert kept.add(task(1, result={"text": "x" * 300})) == ["0"]
    assert kept.add(task(2, result={"text": "x" * 5000})) == ["1"]
    assert kept.add(task(3, "other")) == ["2"]
    assert len(kept) == 1


def test_what_is_forgotten_otherwise_leaves_room_again(small):
    kept = Finished()
    for number in range(3):
        kept.add(task(number))
    kept.discard("1")
    kept.discard("1")
    kept.discard("never there")
    assert kept.add(task(3)) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 700), st.booleans()), max_size=40))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_no_order_of_ends_breaks_a_bound_or_loses_count(ends):
    kept, there = Finished(), {}
    kept._all.most, kept._all.most_bytes = 6, 1000
    for number, (owner, size, forget) in enumerate(ends):
        one = task(number, owner, {"t": "x" * size})
        there[one.id] = size + len('{"t": ""}')
        for gone in kept.add(one):
            del there[gone]
        if forget:
            kept.discard(one.id)
            del there[one.id]
        assert len(kept) == len(there) <= 6
        assert sum(there.values()) <= 1000 or len(there) == 1
        assert kept._all.bytes == sum(there.values()) == sum(pile.bytes for pile in kept._of.values())


class Endless:
    """Asks devices: a task goes on until it is cancelled."""

    async def once(self, _question, _asked):
        return {"resultType": "task", "requestState": "s", "pollIntervalMs": 60_000}


async def test_ended_tasks_are_forgotten_in_memory_and_in_the_database(small, store):
    tasks = Tasks(Endless(), TaskTable(store), None, 60, lambda _: None)
    async with tasks.running():
        begun = [await tasks.begin(QUESTION, {}, "me", {"requestState": "s"}) for _ in range(8)]
        for one in begun[:7]:
            await tasks.cancel(one)
        assert [tasks.find(one.id, "me") is None for one in begun] == [True] * 4 + [False] * 4
        assert {one.id for one in await TaskTable(store).load()} == {one.id for one in begun[4:]}


async def test_a_gateway_that_starts_with_too_many_keeps_the_newest(small, store):
    table = TaskTable(store)
    await asyncio.gather(*(table.save(task(number)) for number in (5, 1, 4, 2, 3)))
    tasks = Tasks(Endless(), TaskTable(store), None, 10**9, lambda _: None)
    async with tasks.running():
        assert [tasks.find(str(number), "me") is not None for number in range(1, 6)] == [False, False, True, True, True]
    assert len(await table.load()) == 3


async def test_what_comes_while_a_transaction_is_written_is_written_together(store):
    commits = []
    event.listen(store._engine, "commit", commits.append)
    table = TaskTable(store)
    await asyncio.gather(*(table.save(task(number)) for number in range(200)))
    await asyncio.gather(table.forget(["7"]), table.save(task(8, message="newer")))
    found = {one.id: one for one in await table.load()}
    assert len(found) == 199 and found["8"].message == "newer" and len(commits) <= 4


async def test_the_last_word_on_a_task_is_what_stays(store):
    table = TaskTable(store)
    saves = [asyncio.create_task(table.save(task(1, message=str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    saves[-1].cancel()
    await asyncio.gather(*saves[:-1])
    await table.written()
    assert [one.message for one in await table.load()] == ["49"]


async def test_who_waits_for_a_transaction_that_fails_is_told_and_the_next_one_is_written(store, monkeypatch):
    table, write = TaskTable(store), TaskTable._write

    def fail(self, rows):
        monkeypatch.setattr(TaskTable, "_write", write)
        raise StoreError("disk is full")

    monkeypatch.setattr(TaskTable, "_write", fail)
    with pytest.raises(StoreError, match="disk is full"):
        await table.save(task(1))
    await table.save(task(2))
    await until(lambda: table._writer.done())
    assert [one.id for one in await table.load()] == ["2"]
