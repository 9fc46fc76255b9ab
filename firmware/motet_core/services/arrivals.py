# SPDX-License-Identifier: Apache-2.0
"""Messages that come from other devices, by way of the gateway. Nothing in them is trusted."""

from motet_core import topics
from motet_core.errors import Busy, InvalidParams, NotFound
from motet_core.services.messages import MAX_HOPS, check_data, checked

_MAX_SENDER = 2 * topics.MAX_LENGTH
_MAX_FAILURE = 200


async def arrived(messages, params):
    """-> {"data": answer} of a request, else {}. MotetError says what became of it instead."""
    sender, data, hops = params.get("sender"), params.get("data", b""), params.get("hops", 0)
    if not isinstance(sender, str) or len(sender) > _MAX_SENDER or checked(sender).count("/") != 1:
        raise InvalidParams("sender: expected device/component")
    if type(hops) is not int or not 0 <= hops <= MAX_HOPS:
        raise InvalidParams("hops: expected 0 to %d" % MAX_HOPS)
    check_data(data)
    if "topic" in params:
        return await _published(messages, params["topic"], sender, data, hops)
    to = checked(params.get("to"))
    if "answers" in params:
        return await _answered(messages, params["answers"], to, sender, params.get("failure"), data, hops)
    target, message = messages.target(to), ("", sender, None, None, data)
    if params.get("request"):
        if not messages.may_enter(target):
            raise Busy("%s is at work" % to)
        return {"data": await messages.run(lambda: messages.enter(target, message, hops))}
    if not await messages.run(lambda: messages.give(to, message, hops)):
        raise Busy("%s has as many messages waiting as there is room for" % to)
    return {}


async def _published(messages, topic, sender, data, hops):
    if not topics.valid(topic):
        raise InvalidParams("topic: not one")
    await messages.run(lambda: messages.spread(None, topic, sender, data, hops))
    return {}


async def _answered(messages, number, component, sender, failure, data, hops):
    if failure is not None and (not isinstance(failure, str) or len(failure) > _MAX_FAILURE):
        raise InvalidParams("failure: expected a text")
    if not messages.pending.is_for(number, component, sender):
        # Late, doubled, or made up.
        messages.counters["stray"] += 1
        raise NotFound("%s waits for no such answer" % component)
    messages.pending.take(number)
    await messages.run(lambda: messages.give(component, ("", sender, number, failure, data), hops))
    return {}
