# SPDX-License-Identifier: Apache-2.0
"""What the runtimes of languages import whether their programs use it or not: it is there, and there is nothing in it.

No arguments and variables, no terminal, no folder, no socket: each attempt to get one is refused in the words of WASI and counted
as a denial. What works on a folder or a socket needs a handle to one, which nobody gets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from motet.components.wasi import groups
from motet.components.wasi.things import Part, Row, Session, Thing, rows
from motet_core.capability import PLAIN, VALUE
from motet_core.errors import Denied, ToolError

_FILES = {
    "descriptor": "read-via-stream write-via-stream append-via-stream advise sync-data get-flags get-type set-size set-times "
    "read write read-directory sync create-directory-at stat stat-at set-times-at link-at open-at readlink-at "
    "remove-directory-at rename-at symlink-at unlink-file-at is-same-object metadata-hash metadata-hash-at",
    "directory-entry-stream": "read-directory-entry",
}
_TCP = {
    "tcp-socket": "start-bind finish-bind start-connect finish-connect start-listen finish-listen accept local-address "
    "remote-address is-listening address-family set-listen-backlog-size keep-alive-enabled set-keep-alive-enabled "
    "keep-alive-idle-time set-keep-alive-idle-time keep-alive-interval set-keep-alive-interval keep-alive-count "
    "set-keep-alive-count hop-limit set-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size "
    "set-send-buffer-size subscribe shutdown",
}
_UDP = {
    "udp-socket": "start-bind finish-bind stream local-address remote-address address-family unicast-hop-limit "
    "set-unicast-hop-limit receive-buffer-size set-receive-buffer-size send-buffer-size set-send-buffer-size subscribe",
    "incoming-datagram-stream": "receive subscribe",
    "outgoing-datagram-stream": "check-send send subscribe",
}
_LOOKUP = {"resolve-address-stream": "resolve-next-address subscribe"}


class Network(Thing):
    """Where sockets would be, if there were any."""

    resource = "network"


class Closed(Part):
    group = groups.CLOSED

    def nothing(self, *_: object) -> None:
        """An option without value."""

    def empty(self, _: Session) -> list[object]:
        return []

    def network(self, _: Session) -> Network:
        return Network()

    def exit(self, _: Session, status: object) -> NoReturn:
        raise ToolError("it has called exit", "trap")

    def refuse(self, *_: object) -> NoReturn:
        """Instead of a socket."""
        raise Denied("components have no network")

    def handle(self, *_: object) -> NoReturn:
        """What needs a handle that nobody has."""
        raise Denied("components have no folders and no sockets")


def _methods(given: dict[str, str]) -> Iterable[tuple[str, Row]]:
    for resource, names in given.items():
        for name in names.split():
            yield f"[method]{resource}.{name}", (Part.check, Closed.handle, VALUE)


def _opening(*names: str) -> dict[str, Row]:
    return dict.fromkeys(names, (Part.check, Closed.refuse, VALUE))


FILES = dict(_methods(_FILES)) | rows(filesystem_error_code=Closed.nothing)
FOLDERS = rows(get_directories=Closed.empty)
ENVIRONMENT = rows(get_environment=Closed.empty, get_arguments=Closed.empty, initial_cwd=Closed.nothing)
EXIT = rows(exit=Closed.exit)
TERMINALS: dict[str, dict[str, Row]] = {
    name: {f"get-terminal-{name}": (Part.check, Closed.nothing, PLAIN)} for name in ("stdin", "stdout", "stderr")
}
NETWORK = rows(instance_network=Closed.network)
TCP, UDP = dict(_methods(_TCP)), dict(_methods(_UDP))
TCP_SOCKET, UDP_SOCKET = _opening("create-tcp-socket"), _opening("create-udp-socket")
LOOKUP = dict(_methods(_LOOKUP)) | _opening("resolve-addresses")
