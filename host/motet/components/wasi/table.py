# SPDX-License-Identifier: Apache-2.0
"""Every interface of WASI that gateways offer: its group, what does the work, and the types of its functions.

Types are spelled as ``component_types`` tells them; a component that imports a function with another one is refused. Methods of
what nobody has a handle to stand without a type: none of them can be reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motet.components.wasi import clocks, closed, entropy, streams
from motet.components.wasi.groups import VERSION
from motet.components.wasi.things import Part, Row

Types = dict[str, tuple[list[Any], Any]]
_BYTES = ["list", "u8"]
_TIME = ["record", ["seconds", "u64"], ["nanoseconds", "u32"]]
_POLLABLE, _IN, _OUT = (["own", name] for name in ("pollable", "input-stream", "output-stream"))
_FAILED = ["variant", ["last-operation-failed", ["own", "error"]], ["closed", None]]
_EMPTY, _COUNT, _DATA = (["result", ok, _FAILED] for ok in (None, "u64", _BYTES))


@dataclass(frozen=True)
class Offer:
    """One interface, also in the form of ``motet_core.imports.more``; there are no types for what cannot be reached."""

    kind: type[Part]
    rows: dict[str, Row]
    types: Types
    version: str = VERSION

    def entries(self, limits: dict[int, list[list[Any]]]) -> list[list[int]]:
        """What the limits of a grant say of it."""
        return self.kind.entries(limits)


def _method(resource: str, **given: tuple[list[Any], Any]) -> Types:
    own = ["borrow", resource]
    return {f"[method]{resource}.{name.replace('_', '-')}": ([own, *params], result) for name, (params, result) in given.items()}


_STREAM_TYPES: Types = {
    **_method("output-stream", check_write=([], _COUNT), write=([_BYTES], _EMPTY), blocking_write_and_flush=([_BYTES], _EMPTY)),
    **_method("output-stream", flush=([], _EMPTY), blocking_flush=([], _EMPTY), subscribe=([], _POLLABLE)),
    **_method("output-stream", write_zeroes=(["u64"], _EMPTY), blocking_write_zeroes_and_flush=(["u64"], _EMPTY)),
    **_method("output-stream", splice=([["borrow", "input-stream"], "u64"], _COUNT)),
    **_method("output-stream", blocking_splice=([["borrow", "input-stream"], "u64"], _COUNT)),
    **_method("input-stream", read=(["u64"], _DATA), blocking_read=(["u64"], _DATA), subscribe=([], _POLLABLE)),
    **_method("input-stream", skip=(["u64"], _COUNT), blocking_skip=(["u64"], _COUNT)),
}
_TEXTS = ["list", "string"]
_VARIABLES = ["list", ["tuple", "string", "string"]]
_ENVIRONMENT: Types = {
    "get-environment": ([], _VARIABLES),
    "get-arguments": ([], _TEXTS),
    "initial-cwd": ([], ["option", "string"]),
}
_FOLDERS = ["list", ["tuple", ["own", "descriptor"], "string"]]
_CLOCK: Types = {
    "now": ([], "u64"),
    "resolution": ([], "u64"),
    "subscribe-instant": (["u64"], _POLLABLE),
    "subscribe-duration": (["u64"], _POLLABLE),
}
_POLL: Types = {
    "poll": ([["list", ["borrow", "pollable"]]], ["list", "u32"]),
    **_method("pollable", ready=([], "bool"), block=([], None)),
}


def _terminal(name: str) -> Offer:
    kind = "input" if name == "stdin" else "output"
    types: Types = {f"get-terminal-{name}": ([], ["option", ["own", f"terminal-{kind}"]])}
    return Offer(closed.Closed, closed.TERMINALS[name], types)


def _random(rows: dict[str, Row], prefix: str) -> Offer:
    return Offer(entropy.Random, rows, {f"get-{prefix}random-bytes": (["u64"], _BYTES), f"get-{prefix}random-u64": ([], "u64")})


TABLE = {
    "wasi:clocks/monotonic-clock": Offer(clocks.Clocks, clocks.MONOTONIC, _CLOCK),
    "wasi:clocks/wall-clock": Offer(clocks.Clocks, clocks.WALL, {"now": ([], _TIME), "resolution": ([], _TIME)}),
    "wasi:random/random": _random(entropy.RANDOM, ""),
    "wasi:random/insecure": _random(entropy.INSECURE, "insecure-"),
    "wasi:random/insecure-seed": Offer(entropy.Random, entropy.SEED, {"insecure-seed": ([], ["tuple", "u64", "u64"])}),
    "wasi:io/error": Offer(streams.Streams, streams.ERROR, _method("error", to_debug_string=([], "string"))),
    "wasi:io/poll": Offer(clocks.Poll, clocks.POLL, _POLL),
    "wasi:io/streams": Offer(streams.Streams, streams.STREAMS, _STREAM_TYPES),
    "wasi:cli/stdin": Offer(streams.Stdio, streams.STDIN, {"get-stdin": ([], _IN)}),
    "wasi:cli/stdout": Offer(streams.Stdio, streams.STDOUT, {"get-stdout": ([], _OUT)}),
    "wasi:cli/stderr": Offer(streams.Stdio, streams.STDERR, {"get-stderr": ([], _OUT)}),
    "wasi:cli/environment": Offer(closed.Closed, closed.ENVIRONMENT, _ENVIRONMENT),
    "wasi:cli/exit": Offer(closed.Closed, closed.EXIT, {"exit": ([["result", None, None]], None)}),
    "wasi:cli/terminal-input": Offer(closed.Closed, {}, {}),
    "wasi:cli/terminal-output": Offer(closed.Closed, {}, {}),
    **{f"wasi:cli/terminal-{name}": _terminal(name) for name in closed.TERMINALS},
    "wasi:filesystem/types": Offer(closed.Closed, closed.FILES, {}),
    "wasi:filesystem/preopens": Offer(closed.Closed, closed.FOLDERS, {"get-directories": ([], _FOLDERS)}),
    "wasi:sockets/network": Offer(closed.Closed, {}, {}),
    "wasi:sockets/instance-network": Offer(closed.Closed, closed.NETWORK, {"instance-network": ([], ["own", "network"])}),
    "wasi:sockets/tcp": Offer(closed.Closed, closed.TCP, {}),
    "wasi:sockets/tcp-create-socket": Offer(closed.Closed, closed.TCP_SOCKET, {}),
    "wasi:sockets/udp": Offer(closed.Closed, closed.UDP, {}),
    "wasi:sockets/udp-create-socket": Offer(closed.Closed, closed.UDP_SOCKET, {}),
    "wasi:sockets/ip-name-lookup": Offer(closed.Closed, closed.LOOKUP, {}),
}
# Types of things: each is one type, in whatever interface it shows.
RESOURCES = (
    "pollable",
    "error",
    "input-stream",
    "output-stream",
    "terminal-input",
    "terminal-output",
    "descriptor",
    "directory-entry-stream",
    "network",
    "tcp-socket",
    "udp-socket",
    "incoming-datagram-stream",
    "outgoing-datagram-stream",
    "resolve-address-stream",
)
