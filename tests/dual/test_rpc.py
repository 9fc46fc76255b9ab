# SPDX-License-Identifier: Apache-2.0
"""Every request is answered exactly once, also when it comes twice."""

import unittest

from rpc_bench import run

from motet_core import errors
from motet_core.wire import packed


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
