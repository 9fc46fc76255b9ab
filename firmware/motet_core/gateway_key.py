# SPDX-License-Identifier: Apache-2.0
"""The key of the gateway that may change this device.

The first key that is shown is kept ("trust on first use"): nothing proves that it is the right one, but nobody can replace it
afterwards without it. From then on an artifact needs a manifest that this key signed, as does forgetting everything.
"""

from motet_core import cbor, cose
from motet_core.errors import InvalidParams, Untrusted, WireError
from motet_core.platform import native

ARTIFACT = "artifact"
FORMAT = "format"
_SPACE = "trust"
# Twice: a bit that flips in one record must not open the device to the next gateway that comes along.
_NAMES = ("gateway", "gateway again")
# What a manifest says of an artifact, by number from 1 on.
_FIELDS = ("kind", "name", "revision", "size", "digest")


class GatewayKey:
    """`storage`: keeps the key, in flash where the device has one; else the device forgets it with the power."""

    def __init__(self, storage):
        self._storage = storage

    def methods(self):
        return {"trust.enrol": self.enrol, "trust.state": self.state}

    async def enrol(self, params, request):
        key = params.get("key")
        if not isinstance(key, bytes) or len(key) != cose.KEY_LENGTH:
            raise InvalidParams("key: expected the 32 bytes of an Ed25519 public key")
        if not native().crypto.ed25519_key_usable(key):
            raise Untrusted("anybody could sign under this key")
        kept = self._kept()
        if kept is not None and kept != key:
            raise Untrusted("this device belongs to the gateway with the key %s" % cose.key_id(kept).hex())
        # What is there already is not written again; a record that was lost is.
        for name in _NAMES:
            self._storage.values.put(_SPACE, name, key)
        return await self.state(params, request)

    async def state(self, params, request):
        """Whose device it is, and how sure that is."""
        kept = self._kept()
        about = {"basis": "none" if kept is None else "first use"}
        if kept is not None:
            about["key"] = cose.key_id(kept)
            about["stored"] = "ram" if self._storage.values.volatile else "flash"
        return about

    def check_artifact(self, wanted, manifest):
        """-> True when `manifest` is the gateway's word for exactly this artifact, False when no gateway is known yet; else
        Untrusted."""
        kept = self._kept()
        if kept is None:
            return False
        said = self._said(kept, manifest, ARTIFACT)
        if said != dict(enumerate([wanted[name] for name in _FIELDS], 1)):
            raise Untrusted("the signed manifest is for another artifact")
        return True

    def opened(self, envelope, context):
        """What the gateway of this device signed for `context`; Untrusted also when no gateway is known yet."""
        kept = self._kept()
        if kept is None:
            raise Untrusted("this device knows no gateway yet, whose word a grant would be")
        return cose.opened(envelope, kept, context)

    def check_format(self, manifest):
        """Untrusted unless `manifest` is the gateway's word to forget everything, or no gateway is known yet."""
        kept = self._kept()
        if kept is not None and self._said(kept, manifest, FORMAT) != {}:
            raise Untrusted("the signed message is not about this")

    def _said(self, key, manifest, context):
        if not isinstance(manifest, bytes):
            raise Untrusted("a manifest signed by the gateway of this device is needed")
        try:
            return cbor.loads(cose.opened(manifest, key, context))
        except WireError as error:
            raise Untrusted("what was signed makes no sense: " + error.message)

    def _kept(self):
        values = self._storage.values
        return values.get(_SPACE, _NAMES[0]) or values.get(_SPACE, _NAMES[1])
