# SPDX-License-Identifier: Apache-2.0
"""Artifacts in flash: they run in place, outlive restarts, and the old revision stays until the new one is fit to serve."""

import hashlib
import unittest

import rig
from component_artifacts import CALLS, artifact, fields
from motet_native import store
from test_artifact_installed import long_winded, upload
from typed_guest import U32, describe

from motet_core import cbor, errors, platform

DATA = artifact(calls=CALLS[:1])
NEWER = artifact(calls=CALLS[:2], revision=2)


def make_flash(slots=8):
    return store.Flash(log=(4, 2048), slots=(slots, 4096))


async def row(client, name="kit"):
    rows = [one for one in (await client.result("artifact.list"))["artifacts"] if one["name"] == name]
    return rows[0] if rows else None


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

    def test_a_component_with_a_type_descriptor_runs_from_flash_too(self):
        flash = make_flash()
        body = fields(calls=CALLS[:1])
        body.update({0: 2, 5: [["kit.next", "next", 2]], 7: describe("next", (), U32)})

        async def install(client):
            self.assertEqual((await client.install("component", "kit", cbor.dumps(body)))["revision"], 1)

        async def look(client):
            self.assertEqual((await client.tool("kit.next"))["structuredContent"], {"result": 1})

        rig.run(install, flash=flash)
        rig.run(look, flash=flash)

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
            client.device.artifacts.transfers.of("component").params["digest"] = hashlib.sha256(NEWER).digest()
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


if __name__ == "__main__":
    unittest.main()
