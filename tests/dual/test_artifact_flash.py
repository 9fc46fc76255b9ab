# SPDX-License-Identifier: Apache-2.0
"""Artifacts in flash: they run in place, outlive restarts, and the old revision stays until the new one is fit to serve."""

import hashlib
import unittest

import rig
from component_artifacts import CALLS, artifact
from motet_native import store
from test_artifact_installed import long_winded, upload

from motet_core import artifact_boot, cbor, errors, platform

DATA = artifact(calls=CALLS[:1])
NEWER = artifact(calls=CALLS[:2], revision=2)


def make_flash(slots=8):
    return store.Flash(log=(4, 2048), slots=(slots, 4096))


async def row(client, name="kit"):
    rows = [one for one in (await client.result("artifact.list"))["artifacts"] if one["name"] == name]
    return rows[0] if rows else None


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


class FlashTest(unittest.TestCase):
    def test_what_is_installed_serves_after_a_restart(self):
        flash = make_flash()

        async def install(client):
            await client.install("component", "kit", DATA)
            self.assertEqual((await row(client))["stored"], "flash")

        async def look(client):
            found = await row(client)
            self.assertEqual((found["state"], found["revision"], found["digest"]), ("ready", 1, hashlib.sha256(DATA).digest()))
            self.assertEqual((await client.tool("kit.next"))["structuredContent"], {"result": 1})
            await client.result("artifact.remove", {"kind": "component", "name": "kit"})

        async def gone(client):
            self.assertEqual(await client.result("artifact.list"), {"artifacts": []})

        for work in (install, look, gone):
            rig.run(work, flash=flash)

    def test_nothing_of_a_component_is_copied_to_the_heap(self):
        flash = make_flash()

        async def work(client):
            await client.install("component", "kit", DATA)
            module = client.device.artifacts._hosts["component"]._components["kit"].artifact.module
            self.assertEqual(type(module), memoryview)
            self.assertIn(bytes(module), bytes(memoryview(flash)))

        rig.run(work, flash=flash)

    def test_a_new_revision_replaces_the_old_for_good(self):
        flash = make_flash()

        async def work(client):
            await client.install("component", "kit", DATA)
            await client.install("component", "kit", NEWER, 2)
            self.assertEqual((await row(client))["revision"], 2)

        async def look(client):
            self.assertEqual((await row(client))["revision"], 2)
            self.assertEqual((await client.tool("kit.add", a=1, b=2))["structuredContent"], {"result": 3})

        rig.run(work, flash=flash)
        rig.run(look, flash=flash)

    def test_a_revision_that_fails_at_any_step_leaves_the_old_one_serving(self):
        flash = make_flash()

        async def still_serves(client):
            self.assertEqual((await row(client))["revision"], 1)
            self.assertEqual((await row(client))["state"], "ready")
            self.assertIn("result", (await client.tool("kit.next"))["structuredContent"])

        async def work(client):
            await client.install("component", "kit", DATA)
            commit = await upload(client, NEWER[:-1] + b"\xff")
            client.device.artifacts._open["component"].params["digest"] = hashlib.sha256(NEWER).digest()
            self.assertEqual((await client.error("artifact.commit", commit))["code"], errors.REFUSED)
            await still_serves(client)
            for data in (b"rubbish", cbor.dumps({0: 1}), long_winded(2)):
                self.assertEqual((await client.install("component", "kit", data, 2))["code"], errors.REFUSED)
                await still_serves(client)
            heap_free, platform.heap_free = platform.heap_free, lambda: 100
            try:
                self.assertEqual((await client.install("component", "kit", NEWER, 2))["code"], errors.NO_MEMORY)
            finally:
                platform.heap_free = heap_free
            self.assertEqual((await row(client))["revision"], 1)

        rig.run(work, flash=flash, max_total=2048)
        rig.run(still_serves, flash=flash, max_total=2048)

    def test_an_interrupted_transfer_leaves_no_trace_after_a_restart(self):
        flash = make_flash()

        async def work(client):
            await client.install("component", "kit", DATA)
            await upload(client, NEWER)

        async def look(client):
            self.assertEqual((await row(client))["revision"], 1)
            self.assertEqual((await client.error("artifact.commit", {"transfer": 2}))["code"], errors.NOT_FOUND)
            self.assertEqual(client.device.storage.status()["statistics"]["slots_free"], 7)

        rig.run(work, flash=flash)
        rig.run(look, flash=flash)

    def test_a_reset_at_any_stage_of_an_install_leaves_the_old_revision_or_the_new(self):
        blocks = (len(NEWER) + 415) // 416

        async def old(client):
            await client.install("component", "kit", DATA)

        for stage in range(blocks + 2):
            flash = make_flash()

            async def some(client, stage=stage):
                params = {"kind": "component", "name": "kit", "revision": 2, "size": len(NEWER)}
                params["digest"] = hashlib.sha256(NEWER).digest()
                begun = await client.result("artifact.begin", params)
                for number in range(min(stage, blocks)):
                    part = NEWER[number * 416 : number * 416 + 416]
                    params = {"transfer": begun["transfer"], "offset": number * 416, "data": part}
                    await client.result("artifact.block", params)
                if stage > blocks:
                    await client.result("artifact.commit", {"transfer": begun["transfer"]})

            async def look(client, stage=stage):
                self.assertEqual((await row(client))["revision"], 2 if stage > blocks else 1)
                self.assertEqual((await row(client))["state"], "ready")
                self.assertEqual((await client.tool("kit.next"))["structuredContent"], {"result": 1})

            for work in (old, some, look):
                rig.run(work, flash=flash)

    def test_a_block_that_comes_again_with_other_bytes_is_refused(self):
        async def work(client):
            commit = await upload(client, DATA)
            params = {"transfer": commit["transfer"], "offset": 3, "data": bytes([DATA[3] ^ 1])}
            error = await client.error("artifact.block", params)
            self.assertEqual(error["code"], errors.INVALID_PARAMS)
            params["data"] = DATA[3:9]
            self.assertEqual((await client.result("artifact.block", params))["received"], len(DATA))
            await client.result("artifact.commit", commit)

        rig.run(work, flash=make_flash())

    def test_a_full_flash_is_said_and_touches_nothing(self):
        flash = make_flash(slots=1)

        async def work(client):
            await client.install("component", "kit", DATA)
            error = await client.install("component", "kit", NEWER, 2)
            self.assertEqual(error["code"], errors.NO_MEMORY)
            self.assertIn("no free slot of %d bytes" % len(NEWER), error["message"])
            self.assertIn("result", (await client.tool("kit.next"))["structuredContent"])

        rig.run(work, flash=flash)

    def test_two_installs_at_once_one_waits(self):
        async def work(client):
            commit = await upload(client, DATA)
            params = {"kind": "component", "name": "other", "revision": 1, "size": 9, "digest": bytes(32)}
            self.assertEqual((await client.error("artifact.begin", params))["code"], errors.BUSY)
            await client.result("artifact.commit", commit)
            await client.result("artifact.begin", params)

        rig.run(work, flash=make_flash())


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
