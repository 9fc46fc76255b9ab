# SPDX-License-Identifier: Apache-2.0
"""The import motet:device/messaging, on the device's service for messages."""

from motet_core import topics
from motet_core.capability import EMPTY, VALUE, Capability, service, too_often
from motet_core.errors import Denied, InvalidParams
from motet_core.grant_limits import PUBLISH, REQUEST, SUBSCRIBE, Bucket

# Topics that are looked up once; more are looked up each time, in at most as many steps as a grant has entries.
_REMEMBERED = 16
_MAX_BYTES = 1024


class Messaging(Capability):
    def use(self, entries):
        self._rows = [(direction, pattern, Bucket(rate)) for direction, pattern, rate in entries]
        self._known = {}

    def may_publish(self, topic, data):
        self._take(PUBLISH, topic, topics.valid)

    def may_ask(self, to, data, timeout_ms=0):
        self._take(REQUEST, to, topics.valid)

    def may_subscribe(self, topic):
        self._take(SUBSCRIBE, topic, topics.valid_pattern)

    def _take(self, direction, name, valid):
        bucket = self._known.get((direction, name))
        if bucket is None:
            bucket = self._find(direction, name, valid)
        if not bucket.take():
            raise too_often()

    def _find(self, direction, name, valid):
        # Said before the grant is asked, of every name alike: it tells nothing about the grant.
        if not valid(name):
            raise InvalidParams("not a topic: " + name[:64])
        for granted, pattern, bucket in self._rows:
            if granted == direction and topics.covers(pattern, name):
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[direction, name] = bucket
                return bucket
        raise Denied("%s is not granted" % name)

    def publish(self, topic, data):
        self._messages().publish(self.component, topic, _sized(data))

    def send(self, to, data):
        self._messages().send(self.component, to, _sized(data))

    def request(self, to, data, timeout_ms):
        return self._messages().request(self.component, to, _sized(data), timeout_ms)

    def call(self, to, data):
        return self._messages().call(self.component, to, _sized(data))

    def subscribe(self, topic):
        self._messages().subscribe(self.component, topic)

    def unsubscribe(self, topic):
        return self._messages().unsubscribe(self.component, topic)

    def _messages(self):
        return service(self.device, "messages")


def _sized(data):
    if len(data) > _MAX_BYTES:
        raise InvalidParams("a message has at most %d bytes" % _MAX_BYTES)
    return bytes(data)


FUNCTIONS = {
    "Messaging": {
        "publish": (Messaging.may_publish, Messaging.publish, EMPTY),
        "send": (Messaging.may_ask, Messaging.send, EMPTY),
        "request": (Messaging.may_ask, Messaging.request, VALUE),
        "call": (Messaging.may_ask, Messaging.call, VALUE),
        "subscribe": (Messaging.may_subscribe, Messaging.subscribe, EMPTY),
        "unsubscribe": (Messaging.may_subscribe, Messaging.unsubscribe, VALUE),
    }
}
