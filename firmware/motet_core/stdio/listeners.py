# SPDX-License-Identifier: Apache-2.0
"""Open `subscriptions/listen` requests (MCP 2026-07-28, basic/utilities/subscriptions): each is told what it asked for, under
its own id."""

from motet_core.errors import Busy, InvalidParams
from motet_core.wire.dictionary import PREFIX

_MOST = 4
_MOST_RESOURCES = 64
_UPDATED = "notifications/resources/updated"
LISTS = {
    "notifications/tools/list_changed": "toolsListChanged",
    "notifications/prompts/list_changed": "promptsListChanged",
    "notifications/resources/list_changed": "resourcesListChanged",
}


class Listeners:
    """`say`: takes a message for the client."""

    def __init__(self, say):
        self._say = say
        self._wanted = {}

    def __contains__(self, id):
        return id in self._wanted

    def add(self, id, params):
        """Acknowledges first, with what it will be told of all it asked for. InvalidParams, Busy."""
        asked = params.get("notifications")
        if not isinstance(asked, dict):
            raise InvalidParams("notifications: expected object")
        uris = asked.get("resourceSubscriptions", [])
        if not isinstance(uris, list) or len(uris) > _MOST_RESOURCES or not all(isinstance(uri, str) for uri in uris):
            raise InvalidParams("resourceSubscriptions: expected at most %d texts" % _MOST_RESOURCES)
        if len(self._wanted) >= _MOST:
            raise Busy("%d subscriptions are open already" % _MOST)
        wanted = {name: True for name in LISTS.values() if asked.get(name) is True}
        if uris:
            wanted["resourceSubscriptions"] = uris
        self._wanted[id] = wanted
        self._tell(id, "notifications/subscriptions/acknowledged", {"notifications": wanted})

    def remove(self, id):
        """Withdrawn requests are not answered."""
        self._wanted.pop(id, None)

    def happened(self, method, params):
        for id in list(self._wanted):
            wanted = self._wanted[id]
            if method in LISTS:
                asked = LISTS[method] in wanted
            else:
                asked = method == _UPDATED and params.get("uri") in wanted.get("resourceSubscriptions", ())
            if asked:
                self._tell(id, method, params)

    def _tell(self, id, method, params):
        tagged = dict(params)
        tagged["_meta"] = {PREFIX + "subscriptionId": id}
        self._say({"jsonrpc": "2.0", "method": method, "params": tagged})
