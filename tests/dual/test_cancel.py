# SPDX-License-Identifier: Apache-2.0
"""The flag that stops native work."""

import unittest

import motet_native
from rig import run
from served_guest import artifact


class CancelTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(motet_native.cancel, False)

    def test_is_not_pending_at_first(self):
        motet_native.cancel(False)
        self.assertIs(motet_native.cancel_pending(), False)

    def test_stays_pending_until_it_is_cleared(self):
        motet_native.cancel()
        self.assertIs(motet_native.cancel_pending(), True)
        self.assertIs(motet_native.cancel_pending(), True)
        motet_native.cancel(False)
        self.assertIs(motet_native.cancel_pending(), False)

    def test_a_call_that_was_withdrawn_does_not_end_what_comes_next(self):
        async def work(rig):
            # As the link does when the withdrawal of a call arrives.
            await rig.device.supervisor.background(motet_native.cancel)
            await rig.install("component", "svc", artifact())
            self.assertEqual((await rig.tool("svc.count"))["structuredContent"]["result"], 100)

        run(work)
