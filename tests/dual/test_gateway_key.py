# SPDX-License-Identifier: Apache-2.0
"""A device keeps the first gateway's key, and from then on takes artifacts from nobody else."""

import binascii
import hashlib
import unittest

import rig
from component_artifacts import CALLS, artifact

from motet_core import errors

unhex = binascii.unhexlify
# RFC 8032 §7.1, the public keys of tests 1 and 2.
KEY = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
OTHER = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
DATA = artifact(calls=CALLS[:2])


def begin(**more):
    params = {"kind": "component", "name": "kit", "revision": 1, "size": len(DATA), "digest": hashlib.sha256(DATA).digest()}
    params.update(more)
    return params


class EnrolTest(unittest.TestCase):
    def test_the_first_key_is_kept_and_called_what_it_is(self):
        async def work(client):
            self.assertEqual(await client.result("trust.state"), {"basis": "none"})
            state = await client.result("trust.enrol", {"key": KEY})
            self.assertEqual(state, {"basis": "first use", "key": hashlib.sha256(KEY).digest()[:8], "stored": "ram"})
            self.assertEqual(await client.result("trust.enrol", {"key": KEY}), state)
            self.assertEqual(await client.result("trust.state"), state)

        rig.run(work)

    def test_a_second_gateway_is_refused_and_told_whose_the_device_is(self):
        async def work(client):
            state = await client.result("trust.enrol", {"key": KEY})
            error = await client.error("trust.enrol", {"key": OTHER})
            self.assertEqual(error["code"], errors.UNTRUSTED)
            self.assertTrue(binascii.hexlify(state["key"]).decode() in error["message"])
            self.assertEqual(await client.result("trust.state"), state)

        rig.run(work)

    def test_what_is_no_key_or_anybodys_key_is_refused(self):
        async def work(client):
            for key in (None, b"", KEY[:31], KEY + b"\0", "text", 7):
                self.assertEqual((await client.error("trust.enrol", {"key": key}))["code"], errors.INVALID_PARAMS)
            for key in (bytes(32), b"\1" + bytes(31)):
                self.assertEqual((await client.error("trust.enrol", {"key": key}))["code"], errors.UNTRUSTED)
            self.assertEqual(await client.result("trust.state"), {"basis": "none"})

        rig.run(work)


class ArtifactTest(unittest.TestCase):
    def test_before_the_first_contact_artifacts_need_no_signature(self):
        async def work(client):
            self.assertEqual((await client.install("component", "kit", DATA))["name"], "kit")

        rig.run(work)

    def test_afterwards_one_without_or_with_a_wrong_manifest_is_refused(self):
        async def work(client):
            await client.result("trust.enrol", {"key": KEY})
            for manifest in (None, b"", b"\0", 7, "text", bytes(100)):
                error = await client.error("artifact.begin", begin(manifest=manifest))
                self.assertEqual(error["code"], errors.UNTRUSTED)
            self.assertEqual((await client.error("artifact.begin", begin()))["code"], errors.UNTRUSTED)
            self.assertEqual((await client.result("artifact.list"))["artifacts"], [])

        rig.run(work)

    def test_forgetting_everything_needs_the_gateways_word_too(self):
        async def work(client):
            await client.result("trust.enrol", {"key": KEY})
            self.assertEqual((await client.error("storage.format"))["code"], errors.UNTRUSTED)

        rig.run(work)


if __name__ == "__main__":
    unittest.main()
