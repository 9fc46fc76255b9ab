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
        self.rows = [(direction, pattern, Bucket(rate)) for direction, pattern, rate in entries]
        # By direction, the buckets of names that were looked up.
        self._known = ({}, {}, {})
        self._service = None

    def may_publish(self, topic, data):
        bucket = self._known[PUBLISH].get(topic) or self._find(PUBLISH, topic, topics.valid)
        if bucket.rate and not bucket.take():
            raise too_often()

    def may_ask(self, to, data, timeout_ms=0):
        bucket = self._known[REQUEST].get(to) or self._find(REQUEST, to, topics.valid)
        if bucket.rate and not bucket.take():
            raise too_often()

    def may_subscribe(self, topic):
        bucket = self._known[SUBSCRIBE].get(topic) or self._find(SUBSCRIBE, topic, topics.valid_pattern)
        if bucket.rate and not bucket.take():
            raise too_often()

    def _find(self, direction, name, valid):
        # Said before the grant is asked, of every name alike: it tells nothing about the grant.
        if not valid(name):
            raise InvalidParams("not a topic: " + name[:64])
        known = self._known[direction]
        for granted, pattern, bucket in self.rows:
            if granted == direction and topics.covers(pattern, name):
                if len(known) >= _REMEMBERED:
                    known.clear()
                known[name] = bucket
                return bucket
        raise Denied("%s is not granted" % name)

    def publish(self, topic, data):
        (self._service or self._open()).publish(self.component, topic, _sized(data), self.owner)

    def send(self, to, data):
        (self._service or self._open()).send(self.component, to, _sized(data), self.owner)

    def request(self, to, data, timeout_ms):
        return (self._service or self._open()).request(self.component, to, _sized(data), timeout_ms)

    def call(self, to, data):
        service = self._service or self._open()
        answer = service.call(self.component, to, _sized(data), self.owner)
        # The next one may go straight there.
        bucket = self._known[REQUEST].get(to)
        if bucket is not None:
            service.route(self._guard, self.component, to, bucket if bucket.rate else None, self.rows)
        return answer

    def linked(self, name, guard):
        if name == "call":
            self._guard = guard

    def subscribe(self, topic):
        (self._service or self._open()).subscribe(self.component, topic)

    def unsubscribe(self, topic):
        return (self._service or self._open()).unsubscribe(self.component, topic)

    def _open(self):
        self._service = service(self.device, "messages")
        return self._service


def _sized(data):
    if len(data) > _MAX_BYTES:
        raise InvalidParams("a message has at most %d bytes" % _MAX_BYTES)
    return data


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
