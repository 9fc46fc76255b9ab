# SPDX-License-Identifier: Apache-2.0
"""The grants of the components on this device: kept beside them, renewed without them.

A grant is kept under the digest of its artifact, so that the one of before is still there when the power fails before the new
artifact has taken its place. Its serial must be higher than any that this device has had for the component: an older grant that
somebody kept is worth nothing.
"""

from motet_core import cbor, cose
from motet_core.errors import InvalidParams, MotetError, NotFound, Untrusted

# What grants are signed for; as much as one record of the flash store takes.
GRANT = "grant"
MAX_BYTES = 1024

_SPACE = "grants"
# Serials up to this one are of components that have been removed.
_FLOOR = "floor"


class Grants:
    """`device`: whose they are, with storage, gateway_key, clock, known_id() and artifacts; None for no grants at all."""

    def __init__(self, device):
        self.device = device
        # Of the artifact that is being committed: nothing of it is written before it has been started.
        self._coming = (None, None)

    def methods(self):
        return {"grant.put": self.put, "grant.list": self.list}

    def check(self, wanted, envelope):
        """Untrusted unless the grant that comes with an artifact counts here and now, and for it alone."""
        if wanted["kind"] != "component" or self.device is None:
            raise InvalidParams("grant: only components have one")
        grant = self._opened(envelope)
        grant.check_for(wanted)
        self._check_new(grant, envelope)

    def expect(self, wanted, envelope):
        """From now on `of` gives this grant for the artifact; None ends that."""
        self._coming = (wanted["digest"], envelope)

    def of(self, wanted):
        """The grant of an artifact; None when it has none. Untrusted for one that does not count."""
        if wanted["kind"] != "component" or self.device is None:
            return None
        envelope = self._coming[1] if self._coming[0] == wanted["digest"] else None
        envelope = envelope or self._values.get(_SPACE, _key(wanted))
        if envelope is None:
            return None
        grant = self._grant(envelope)
        grant.check_for(wanted)
        return grant

    def keep(self, wanted, before, stage):
        """Commits the stage of an artifact, its grant first: wherever the power fails, the artifact that is there has its own."""
        if self._coming[1] is not None:
            self._values.put(_SPACE, _key(wanted), self._coming[1])
        replaced = before is not None and before["digest"] != wanted["digest"] and self.device is not None
        if replaced:
            # The new one may have no grant at all. Before it counts: when there is no room, nothing has changed yet.
            self._end(before)
        stage.keep(wanted)
        if replaced:
            self._values.delete(_SPACE, _key(before))

    def forget(self, wanted):
        """An artifact has been removed. What was granted to it does not come back with an old grant."""
        if self.device is not None:
            self._end(wanted)
            self._values.delete(_SPACE, _key(wanted))

    def _end(self, wanted):
        """Grants up to the one of an artifact never come again."""
        for kept in self._kept():
            if kept.digest == wanted["digest"] and kept.serial > self._floor():
                self._values.put(_SPACE, _FLOOR, cbor.dumps(kept.serial))

    def _grant(self, envelope):
        return _parsed(self.device.gateway_key.opened(envelope, GRANT))

    @property
    def _values(self):
        # Not kept: forgetting everything makes new ones.
        return self.device.storage.values

    def tidy(self, rows):
        """Forgets grants of artifacts that are not there: the power failed before their commit."""
        known = {_key(wanted) for wanted in rows}
        for key in self._values.keys(_SPACE):
            if key != _FLOOR and key not in known:
                self._values.delete(_SPACE, key)

    async def put(self, params, request):
        """A new grant for an artifact that is there: other limits, another end."""
        envelope = params.get("grant")
        grant = self._opened(envelope)
        wanted = self.device.artifacts.installed("component", grant.component)
        if wanted is None:
            raise NotFound("no component " + grant.component)
        grant.check_for(wanted)
        self._check_new(grant, envelope)
        self._values.put(_SPACE, _key(wanted), envelope)
        await self.device.artifacts.granted(wanted)
        return {"component": grant.component, "serial": grant.serial}

    async def list(self, params, request):
        """What each component may do."""
        rows = []
        for grant in self._kept():
            row = {"component": grant.component, "revision": grant.revision, "serial": grant.serial}
            row["limits"] = {str(number): grant.limits[number] for number in grant.limits}
            if grant.until is not None:
                row["until"] = grant.until
            rows.append(row)
        return {"grants": rows}

    def _opened(self, envelope):
        if not isinstance(envelope, bytes) or len(envelope) > MAX_BYTES:
            raise InvalidParams("grant: expected at most %d bytes" % MAX_BYTES)
        grant = self._grant(envelope)
        grant.check_time(self.device)
        return grant

    def _check_new(self, grant, envelope):
        least = self._floor()
        for kept in self._kept():
            if kept.component == grant.component:
                if kept.serial == grant.serial and self._values.get(_SPACE, _key_of(kept.digest)) == envelope:
                    # The same once more: its answer was lost.
                    return
                least = max(least, kept.serial)
        if grant.serial <= least:
            raise Untrusted("the grant has the serial %d, and the device has seen %d already" % (grant.serial, least))

    def _kept(self):
        """Grants in the store whose form is right; what the flash has spoilt counts as none."""
        values, found = self._values, []
        for key in values.keys(_SPACE):
            if key != _FLOOR:
                try:
                    # Its signature was checked when it came, and is again when it is used.
                    found.append(_parsed(cose.payload(values.get(_SPACE, key))))
                except MotetError:
                    pass
        return found

    def _floor(self):
        data = self._values.get(_SPACE, _FLOOR)
        return 0 if data is None else cbor.loads(data)


def _parsed(payload):
    # Imported with the first grant: a board without one does not pay for what is in it.
    from motet_core.grant import Grant

    return Grant(payload)


def _key(wanted):
    return _key_of(wanted["digest"])


def _key_of(digest):
    return digest[:8].hex()
