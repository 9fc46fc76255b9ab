# SPDX-License-Identifier: Apache-2.0
"""The flag that stops native work."""

import unittest

import motet_native


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
