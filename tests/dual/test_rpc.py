# SPDX-License-Identifier: Apache-2.0
"""Every request is answered exactly once, or dropped for a reason that is counted."""

import asyncio
import unittest

from motet_core import cbor, errors
from motet_core.rpc import Dispatcher
from motet_core.wire import packed


class Bench:
    """A dispatcher with a clock by hand and a method that waits for its gate."""

    def __init__(self, max_reply=4096):
        self.now = 0
        self.sent = []
        self.logs = []
        self.started = []
        self.interrupts = 0
        self.gate = asyncio.Event()
        methods = {"echo": self.echo, "wait": self.wait, "fail": self.fail, "big": self.big, "memory": self.memory}
        self.rpc = Dispatcher(methods, self.send, lambda: self.now, self.logs.append, max_reply, self.interrupt)

    def interrupt(self):
        self.interrupts += 1

    async def send(self, data):
        self.sent.append(data)

    async def echo(self, params, request):
        self.started.append(request.id)
        return params

    async def wait(self, params, request):
        self.started.append(request.id)
        await self.gate.wait()
        return {}

    async def fail(self, params, request):
        raise ValueError("the key is 1234")

    async def memory(self, params, request):
        raise MemoryError()

    async def big(self, params, request):
        return {"text": "x" * 5000}

    async def give(self, method, id=1, params=None, reply_to="gw", expires_s=None):
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        if params is not None:
            message["params"] = params
        await self.rpc.accept(packed.dumps(message, reply_to, expires_s))

    async def cancel(self, id, reply_to="gw"):
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}
        await self.rpc.accept(packed.dumps(message, reply_to))

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    def replies(self):
        return [packed.loads(data)[0] for data in self.sent]


def run(work, **options):
    async def main():
        bench = Bench(**options)
        task = asyncio.create_task(bench.rpc.run())
        try:
            await work(bench)
        finally:
            task.cancel()

    asyncio.run(main())


class AnswerTest(unittest.TestCase):
    def test_a_request_is_answered_to_whom_it_came_from(self):
        async def work(bench):
            await bench.give("echo", 7, {"a": 1}, "gw-1")
            await bench.settle()
            message, envelope = packed.loads(bench.sent[0])
            self.assertEqual(message, {"jsonrpc": "2.0", "id": 7, "result": {"a": 1}})
            self.assertEqual(envelope.reply_to, "gw-1")

        run(work)

    def test_requests_run_one_at_a_time_in_the_order_of_arrival(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.give("echo", 2)
            await bench.settle()
            self.assertEqual(bench.started, [1])
            bench.gate.set()
            await bench.settle()
            self.assertEqual([reply["id"] for reply in bench.replies()], [1, 2])

        run(work)

    def test_an_unknown_method_is_named(self):
        async def work(bench):
            await bench.give("nope")
            await bench.settle()
            self.assertEqual(bench.replies()[0]["error"], {"code": -32601, "message": "unknown method nope"})

        run(work)

    def test_params_that_are_no_object_are_refused(self):
        async def work(bench):
            await bench.give("echo", 1, [1])
            await bench.settle()
            self.assertEqual(bench.replies()[0]["error"]["code"], errors.INVALID_PARAMS)

        run(work)

    def test_an_internal_error_tells_the_log_and_not_the_caller(self):
        async def work(bench):
            await bench.give("fail")
            await bench.settle()
            error = bench.replies()[0]["error"]
            self.assertEqual(error["code"], errors.INTERNAL)
            self.assertNotIn("1234", error["message"])
            self.assertIn("the key is 1234", bench.logs[0])

        run(work)

    def test_running_out_of_memory_is_an_answer(self):
        async def work(bench):
            await bench.give("memory")
            await bench.settle()
            self.assertEqual(bench.replies()[0]["error"]["code"], errors.NO_MEMORY)

        run(work)

    def test_an_answer_for_which_no_memory_is_left_is_said_and_the_next_one_goes_out(self):
        async def work(bench):
            send = bench.rpc._send

            async def full(data):
                bench.rpc._send = send
                raise MemoryError()

            bench.rpc._send = full
            await bench.give("echo", 1)
            await bench.give("echo", 2)
            await bench.settle()
            self.assertEqual(bench.logs, ["dropped an answer: not enough memory"])
            self.assertEqual([reply["id"] for reply in bench.replies()], [2])

        run(work)

    def test_an_answer_that_is_too_long_becomes_an_error(self):
        async def work(bench):
            await bench.give("big")
            await bench.settle()
            error = bench.replies()[0]["error"]
            self.assertEqual(error["code"], errors.TOO_LARGE)
            self.assertIn("at most 4096", error["message"])

        run(work)

    def test_a_full_queue_is_said(self):
        async def work(bench):
            await bench.give("wait", 0)
            await bench.settle()
            for number in range(1, 6):
                await bench.give("echo", number)
            self.assertEqual([reply["error"]["code"] for reply in bench.replies()], [errors.BUSY])
            bench.gate.set()
            await bench.settle()
            self.assertEqual(sorted([reply["id"] for reply in bench.replies()]), [0, 1, 2, 3, 4, 5])

        run(work)


class DoubledTest(unittest.TestCase):
    def test_a_doubled_request_runs_once_and_is_answered_from_memory(self):
        async def work(bench):
            for _ in range(3):
                await bench.give("echo", 5, {"a": 1})
                await bench.settle()
            self.assertEqual(bench.started, [5])
            self.assertEqual(len(bench.sent), 3)
            self.assertEqual(bench.sent[0], bench.sent[2])

        run(work)

    def test_a_double_of_a_waiting_or_running_request_is_dropped(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.give("echo", 2)
            await bench.settle()
            await bench.give("wait", 1)
            await bench.give("echo", 2)
            bench.gate.set()
            await bench.settle()
            self.assertEqual(len(bench.sent), 2)
            self.assertEqual(bench.rpc.counters["doubled"], 2)

        run(work)

    def test_equal_ids_of_two_gateways_are_two_requests(self):
        async def work(bench):
            await bench.give("echo", 1, reply_to="a")
            await bench.give("echo", 1, reply_to="b")
            await bench.give("echo", "1", reply_to="b")
            await bench.settle()
            self.assertEqual(len(bench.started), 3)

        run(work)

    def test_ids_without_a_gateway_start_again_with_the_session(self):
        async def work(bench):
            await bench.give("echo", 1, reply_to=None)
            await bench.settle()
            bench.rpc.peer_restarted()
            await bench.give("echo", 1, reply_to=None)
            await bench.settle()
            self.assertEqual(len(bench.started), 2)

        run(work)

    def test_memory_for_doubles_is_bounded(self):
        async def work(bench):
            for number in range(100):
                await bench.give("echo", number)
                await bench.settle()
            replies = bench.rpc._replies
            self.assertEqual(len(replies._data), 16)
            self.assertEqual(len([data for data in replies._data.values() if data]), 4)

        run(work)


class CancelTest(unittest.TestCase):
    def test_a_waiting_request_is_withdrawn_without_an_answer(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.give("echo", 2)
            await bench.settle()
            await bench.cancel(2)
            bench.gate.set()
            await bench.settle()
            self.assertEqual(bench.started, [1])
            self.assertEqual([reply["id"] for reply in bench.replies()], [1])

        run(work)

    def test_a_running_request_is_interrupted_and_not_answered(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.settle()
            await bench.cancel(1)
            self.assertEqual(bench.interrupts, 1)
            bench.gate.set()
            await bench.settle()
            self.assertEqual(bench.sent, [])
            self.assertEqual(bench.rpc.counters["cancelled"], 1)

        run(work)

    def test_only_the_gateway_that_asked_may_cancel(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.settle()
            await bench.cancel(1, reply_to="other")
            await bench.cancel("1")
            await bench.cancel([1])
            bench.gate.set()
            await bench.settle()
            self.assertEqual(bench.interrupts, 0)
            self.assertEqual(len(bench.sent), 1)

        run(work)


class ExpiryTest(unittest.TestCase):
    def test_a_request_that_waited_too_long_is_answered_with_an_error_and_not_run(self):
        async def work(bench):
            await bench.give("wait", 1)
            await bench.give("echo", 2, expires_s=5)
            await bench.give("echo", 3, expires_s=50)
            await bench.settle()
            bench.now = 5001
            bench.gate.set()
            await bench.settle()
            self.assertEqual(bench.started, [1, 3])
            self.assertEqual(bench.replies()[1]["error"]["code"], errors.EXPIRED)

        run(work)


class HostileTest(unittest.TestCase):
    def test_nonsense_is_dropped_counted_and_logged(self):
        async def work(bench):
            for wrong in (b"", b"\x01", b"\xa1\x00", cbor.dumps({0: 1}), cbor.dumps({0: 1, 3: {}}), cbor.dumps({1: 5000})):
                await bench.rpc.accept(wrong)
            for id in (None, True, 1.5, [1], {"a": 1}, "x" * 65):
                await bench.give("echo", id)
            await bench.settle()
            self.assertEqual(bench.sent, [])
            self.assertEqual(bench.rpc.counters["malformed"], 12)
            self.assertEqual(len(bench.logs), 12)

        run(work)

    def test_unknown_notifications_are_ignored(self):
        async def work(bench):
            for params in ({}, None, [], 5):
                message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
                await bench.rpc.accept(packed.dumps(message))
            await bench.rpc.accept(packed.dumps({"jsonrpc": "2.0", "method": "notifications/other"}))
            await bench.settle()
            self.assertEqual(bench.sent, [])

        run(work)
