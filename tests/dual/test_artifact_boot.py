# SPDX-License-Identifier: Apache-2.0
"""What flash holds when the device starts: whatever it is, the device starts."""

import unittest

import rig
from motet_native import store
from test_artifact_flash import DATA, make_flash, row

from motet_core import artifact_boot, errors, platform


class Restart:
    """Stands in for the reason of the device's start."""

    def __init__(self, reason):
        self.reason = reason

    def __enter__(self):
        self.before, platform.reset_reason = platform.reset_reason, lambda: self.reason

    def __exit__(self, *args):
        platform.reset_reason = self.before


class Down(Exception):
    """The device ends here."""


class BootTest(unittest.TestCase):
    def install(self, flash):
        async def work(client):
            await client.install("component", "kit", DATA)

        rig.run(work, flash=flash)

    def direct(self, flash):
        """The store itself, as a fault would change it."""
        return store.Store(flash, platform.BOARD)

    def test_changed_bytes_are_quarantined_and_can_be_replaced(self):
        flash = make_flash()
        kept = self.direct(flash)
        number = kept.begin(len(DATA))
        kept.write(number, 0, DATA)
        kept.commit(number, 1, "kit", 1, bytes(32))

        async def look(client):
            found = await row(client)
            self.assertEqual((found["state"], found["reason"]), ("failed", "its bytes in flash have changed"))
            self.assertEqual((await client.error("tools/call", {"name": "kit.next"}))["code"], errors.INVALID_PARAMS)

        async def repair(client):
            await look(client)
            await client.install("component", "kit", DATA)
            self.assertEqual((await row(client))["state"], "ready")

        async def repaired(client):
            self.assertEqual((await row(client))["state"], "ready")

        rig.run(look, flash=flash)
        self.assertEqual(self.direct(flash).artifacts()[0][5], "its bytes in flash have changed")
        rig.run(repair, flash=flash)
        rig.run(repaired, flash=flash)

    def test_what_cannot_run_now_is_listed_and_tried_again(self):
        flash = make_flash()
        self.install(flash)

        async def cramped(client):
            found = await row(client)
            self.assertEqual(found["state"], "failed")
            self.assertIn("bytes free", found["reason"])

        async def roomy(client):
            self.assertEqual((await row(client))["state"], "ready")

        heap_free, platform.heap_free = platform.heap_free, lambda: 100
        try:
            rig.run(cramped, flash=flash)
        finally:
            platform.heap_free = heap_free
        rig.run(roomy, flash=flash)

    def test_what_brings_the_device_down_twice_is_quarantined(self):
        flash = make_flash()
        self.install(flash)
        with Restart("fault"):

            def die(*args):
                raise Down

            device = rig.Rig(flash=flash).device
            start, artifact_boot._start = artifact_boot._start, die
            try:
                artifact_boot.start_all(device.artifacts, device.storage, device.port.log)
            except Down:
                pass
            finally:
                artifact_boot._start = start

            async def look(client):
                found = await row(client)
                self.assertEqual((found["state"], found["reason"]), ("failed", "the device failed while it was started"))

            rig.run(look, flash=flash)
        rig.run(look, flash=flash)

    def test_after_a_crash_what_is_innocent_starts_again(self):
        flash = make_flash()
        self.install(flash)

        async def look(client):
            self.assertEqual((await row(client))["state"], "ready")

        for _ in range(3):
            with Restart("crash"):
                rig.run(look, flash=flash)

    def test_flash_without_a_store_of_this_board_leaves_the_device_running_in_ram(self):
        flash = make_flash()
        store.Store(flash, "another").put("n", "k", b"v")
        before = bytes(memoryview(flash))

        async def work(client):
            status = await client.result("storage.status")
            self.assertEqual(status["stored"], "ram")
            self.assertIn("another board", status["reason"])
            await client.install("component", "kit", DATA)
            self.assertEqual((await row(client))["stored"], "ram")
            self.assertEqual(bytes(memoryview(flash)), before)
            await client.result("storage.format")
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})
            await client.install("component", "kit", DATA)
            self.assertEqual((await row(client))["stored"], "flash")

        async def look(client):
            self.assertEqual((await row(client))["state"], "ready")

        rig.run(work, flash=flash)
        rig.run(look, flash=flash)

    def test_a_device_without_flash_says_so(self):
        async def work(client):
            status = await client.result("storage.status")
            self.assertEqual((status["stored"], "statistics" in status), ("ram", False))
            self.assertEqual((await client.error("storage.format"))["code"], errors.STORAGE_FAILED)

        rig.run(work)

    def test_the_id_given_by_a_host_is_kept_for_one_that_gives_none(self):
        flash = make_flash()

        async def named(client):
            self.assertEqual(client.device.id, "given")

        rig.run(named, flash=flash, id=None)
        device = rig.Rig(flash=flash, id=None).device
        self.assertEqual(device._choose_id(None), "given")


if __name__ == "__main__":
    unittest.main()
