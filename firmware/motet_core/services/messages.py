# SPDX-License-Identifier: Apache-2.0
"""Messages between components: of this device directly, to and from others through the gateway.

A component that is idle takes a message at once, inside of the call that sends it; one that is running, or has messages
waiting, takes it later. The sender's fuel pays for what the receiver used, so that messages make no call longer than its fuel.
All queues are short; what finds no room is refused to the sender or, where nobody waits for it, dropped and counted.
"""

from motet_core import topics
from motet_core.errors import Busy, Denied, Expired, InvalidParams, MotetError, NoMemory, NotFound, Refused, ToolError
from motet_core.services.pending import Pending

MAX_DATA = 1024
MAX_SUBSCRIPTIONS = 16
MAX_HOPS = 16
# Messages that wait for one component.
_WAITING = 8
# Components that take a message inside of each other's calls; each needs C stack for the engine.
_NESTED = 2
_LONGEST_TIMEOUT_MS = 60000


class Messages:
    """`find(name)` -> Component or None; `agenda`; `run(work)`: async, calls into a component; `up`: to the gateway (Uplink)."""

    def __init__(self, find, agenda, run, up, clock):
        self.counters = {"delivered": 0, "failed": 0, "dropped": 0, "stray": 0, "looped": 0}
        self.find = find
        self._agenda = agenda
        self.run = run
        self._up = up
        up.changed = True
        self.pending = Pending(clock, agenda.drop)
        self._waiting = {}
        self._subscriptions = []
        # Both are read and written by motet_native.wasm.Guard, too.
        self.depth = 0
        # How many hands the message went through that is being handled.
        self.hops = 0

    # What components ask for. `payer`: the component itself, also where it is not, or no longer, the one of its name.

    def publish(self, component, topic, data, payer=None):
        if not topics.valid(topic):
            raise InvalidParams("topic: expected levels of visible characters, joined by /")
        check_data(data)
        hops = self._next_hops()
        self.spread(component, topic, component, data, hops, payer)
        if self._up.wants(topic):
            self._up.send(component, {"topic": topic, "data": bytes(data), "hops": hops})

    def send(self, component, to, data, payer=None):
        check_data(data)
        hops = self._next_hops()
        if "/" in checked(to):
            self._up.send(component, {"to": to, "data": bytes(data), "hops": hops})
        else:
            self.target(to)
            if not self.give(to, ("", component, None, None, data), hops, payer):
                raise NoMemory("%s has %d messages waiting" % (to, _WAITING))

    def call(self, component, to, data, payer=None):
        """-> the answer of a component of this device."""
        target = self.find(to)
        # Of what is there already, little has to be checked.
        if target is None or not target.takes_messages or len(data) > MAX_DATA:
            check_data(data)
            target = self.target(checked(to))
        if target.busy or self.depth >= _NESTED:
            raise Busy("%s is at work" % to)
        hops = self._next_hops() if self.depth else 0
        return self.enter(target, ("", component, None, None, data), hops, payer)

    def route(self, guard, component, to, bucket, rows):
        """Lets the next messages of `component` to another one go from guest to guest, as long as all is as it is now. `bucket`:
        of a rate, or None; `rows`: what the grant says of messages."""
        target = self.find(to)
        if target is None or not target.takes_messages:
            # It was removed, or replaced by one without a handler, while it answered.
            return

        def failed(error):
            """Raises what `call` would: the handler ended with an exception, or refused (None)."""
            try:
                target.ended(error)
            except (ToolError, MemoryError) as failure:
                raise self._failed(failure)

        limits = (MAX_DATA, _NESTED, MAX_HOPS)
        guard.route(to, component, target, target.handler, target.artifact.fuel, bucket, rows, self, failed, limits)

    def request(self, component, to, data, timeout_ms):
        """-> a number; the answer comes as a message with it."""
        check_data(data)
        if not 0 < timeout_ms <= _LONGEST_TIMEOUT_MS:
            raise InvalidParams("timeout: expected 1 to %d ms" % _LONGEST_TIMEOUT_MS)
        remote = "/" in checked(to)
        hops = self._next_hops()
        if not remote:
            self.target(to)
        number, due = self.pending.add(component, to, timeout_ms)
        data = bytes(data)
        if remote:
            try:
                self._up.send(component, {"to": to, "data": data, "hops": hops, "request": number, "timeout_ms": timeout_ms})
            except MotetError:
                self.pending.take(number)
                raise
        else:
            self._agenda.soon(component, lambda: self._ask(number, component, to, data, hops))
        self.pending.ends_with(number, self._agenda.at(due, component, lambda: self._expire(number)))
        return number

    def subscribe(self, component, pattern):
        if not topics.valid_pattern(pattern):
            raise InvalidParams("topic: not a pattern")
        row = (pattern, component)
        if row in self._subscriptions:
            return
        if len([1 for row in self._subscriptions if row[1] == component]) >= MAX_SUBSCRIPTIONS:
            raise NoMemory("%s has %d subscriptions" % (component, MAX_SUBSCRIPTIONS))
        self._subscriptions.append(row)
        self._up.changed = True

    def unsubscribe(self, component, pattern):
        """-> whether there was such a subscription."""
        row = (pattern, component)
        if row not in self._subscriptions:
            return False
        self._subscriptions.remove(row)
        self._up.changed = True
        return True

    # What the device and its gateway ask for.

    def subscriptions(self):
        return [[component, pattern] for pattern, component in self._subscriptions]

    def forget(self, component):
        """It was removed, or is about to be replaced: what waits for it goes with it. -> what it had subscribed to."""
        self._waiting.pop(component, None)
        self.pending.forget(component)
        patterns = [pattern for pattern, name in self._subscriptions if name == component]
        if patterns:
            self._subscriptions = [row for row in self._subscriptions if row[1] != component]
            self._up.changed = True
        return patterns

    # Delivery.

    async def _ask(self, number, component, to, data, hops):
        """A request within the device, once its sender has returned."""
        failure, answer = None, b""
        try:
            target = self.target(to)
            if not self.may_enter(target):
                raise Busy("busy")
            answer = await self.run(lambda: self.enter(target, ("", component, None, None, data), hops))
        except MotetError as error:
            failure = _word(error)
        if self.pending.take(number):
            await self.run(lambda: self.give(component, ("", to, number, failure, answer), hops))

    async def _expire(self, number):
        found = self.pending.take(number)
        if found:
            component, to, _ = found
            await self.run(lambda: self.give(component, ("", to, number, "timeout", b""), 0))

    def target(self, name):
        """A component that takes messages. NotFound."""
        target = self.find(name)
        if target is None or not target.takes_messages:
            raise NotFound("no component %s takes messages" % name[:64])
        return target

    def spread(self, sender, topic, said, data, hops, payer=None):
        """Gives each component that has subscribed one message, but not its sender."""
        given = [sender]
        for pattern, name in list(self._subscriptions):
            if name not in given and topics.matches(pattern, topic):
                given.append(name)
                self.give(name, (topic, said, None, None, data), hops, payer)

    def may_enter(self, target):
        """Whether it can take a message at once."""
        return not target.busy and self.depth < _NESTED

    def give(self, name, message, hops, payer=None):
        """Now, or later -> whether there was room."""
        target = self.find(name)
        if target is None or not target.takes_messages:
            return False
        if self.may_enter(target) and not self._waiting.get(name):
            try:
                self.enter(target, message, hops, payer)
            except MotetError:
                # Its own business: its supervision knows, and nobody waits for an answer.
                pass
            return True
        waiting = self._waiting.get(name, 0)
        if waiting >= _WAITING:
            self.counters["dropped"] += 1
            return False
        self._waiting[name] = waiting + 1
        # The sender may use its memory again.
        message = message[:4] + (bytes(message[4]),)
        self._agenda.soon(name, lambda: self._late(name, message, hops))
        return True

    async def _late(self, name, message, hops):
        self._waiting[name] -= 1
        target = self.find(name)
        if target is not None:
            try:
                await self.run(lambda: self.enter(target, message, hops))
            except MotetError:
                pass

    def enter(self, target, message, hops, payer=None):
        """Runs the handler of a component that is not running -> its answer. Refused: it failed, or says so. `payer`: the
        component in whose call this happens."""
        outer, self.hops = self.hops, hops
        self.depth += 1
        try:
            answer = target.handle(message)
        except (ToolError, MemoryError) as error:
            raise self._failed(error)
        finally:
            self.depth -= 1
            self.hops = outer
            if payer is not None:
                payer.pay(target.used)
        self.counters["delivered"] += 1
        return answer

    def _failed(self, error):
        self.counters["failed"] += 1
        return Refused(str(error) or "out of memory")

    def _next_hops(self):
        """Of a message that is sent now. Denied: components send each other messages in a circle."""
        if self.depth == 0:
            return 0
        if self.hops >= MAX_HOPS:
            self.counters["looped"] += 1
            raise Denied("the message went through %d components already" % MAX_HOPS)
        return self.hops + 1


def check_data(data):
    """InvalidParams unless it can be the content of a message."""
    if not isinstance(data, (bytes, bytearray, memoryview)) or len(data) > MAX_DATA:
        raise InvalidParams("data: expected at most %d bytes" % MAX_DATA)


def checked(name):
    """The name of a component, perhaps of another device. InvalidParams."""
    if not isinstance(name, str) or not topics.valid(name) or name.count("/") > 1:
        raise InvalidParams("to: expected a component, or device/component")
    return name


def _word(error):
    """What a component is told of a request that failed."""
    for kind, word in ((Busy, "busy"), (NotFound, "not-found"), (Denied, "denied"), (Expired, "timeout")):
        if isinstance(error, kind):
            return word
    return error.message
