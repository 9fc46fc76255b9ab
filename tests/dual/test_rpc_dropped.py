# SPDX-License-Identifier: Apache-2.0
"""Requests that are withdrawn, expired or nonsense: dropped, counted, and the next one is answered."""

import unittest

from rpc_bench import run

from motet_core import cbor, errors
from motet_core.wire import packed


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
