# SPDX-License-Identifier: Apache-2.0
"""Knows every tool of the device and runs them one at a time, under the cancel flag.

A tool host offers: tools() -> names; describe(name) -> tools/list entry; entry(name) -> the same packed, where it has it
ready; call(name, arguments) -> (value, text or None), or ToolError; blocking: its calls may take long (wasm, nn). A host that
talks back while it works has, instead of call, async handle(name, params, request) -> the whole result (Dispatcher.tell).
"""

import asyncio

from motet_core.errors import Cancelled, ToolError
from motet_core.platform import native, run_blocking
from motet_core.wire.catalogue import hash_packed
from motet_core.wire.packed import pack


class Supervisor:
    """`set_current`: tells the link layer the cancel key of the running call, 0 for none."""

    def __init__(self, set_current):
        self.counters = {"calls": 0, "tool_errors": 0}
        self._set_current = set_current
        self._hosts = []
        self._schema = (None, None)

    def add(self, host):
        self._hosts.append(host)

    def changed(self):
        """Tools have come or gone, or describe themselves differently."""
        self._schema = (None, None)

    def names(self):
        """Tool names in the order of tools/list."""
        return sorted([name for host in self._hosts for name in host.tools()])

    def has(self, name):
        return self.host(name) is not None

    def entry(self, name):
        """The tools/list entry, packed."""
        host = self.host(name)
        return host.entry(name) if hasattr(host, "entry") else pack(host.describe(name))

    def input_schema(self, name):
        """Kept for the tool called last: the next call is likely to be the same."""
        if self._schema[0] != name:
            self._schema = (name, self.host(name).describe(name)["inputSchema"])
        return self._schema[1]

    def catalogue_hash(self):
        return hash_packed([self.entry(name) for name in self.names()])

    async def call(self, name, arguments, request):
        """-> (structured value, text or None). ToolError when the tool failed, Cancelled when the caller withdrew."""
        host = self.host(name)
        self.counters["calls"] += 1
        try:
            if not host.blocking:
                return host.call(name, arguments)
            return await self.supervised(lambda: host.call(name, arguments), request)
        except ToolError:
            self.counters["tool_errors"] += 1
            raise

    def interrupt(self):
        """Stops the running wasm or nn call at its next step."""
        native().cancel()

    async def supervised(self, work, request):
        """Runs work that may take long, under the cancel key of a request."""
        if request.cancelled:
            raise Cancelled("cancelled")
        return await self._watched(work, request.key)

    async def background(self, work):
        """Runs what nobody has asked for by a request; nobody can withdraw it, but it ends with its fuel."""
        return await self._watched(work, 0)

    async def _watched(self, work, key):
        native().cancel(False)
        self._set_current(key)
        try:
            result = await run_blocking(work)
        except asyncio.CancelledError:
            # The device is shutting down: a call in a thread must not outlive it.
            self.interrupt()
            raise
        except Exception:
            self._ended()
            raise
        self._ended()
        return result

    def _ended(self):
        """From here on no withdrawal means the call. One that did is not for what runs next without being watched: the hooks
        of a component that is installed or removed."""
        self._set_current(0)
        native().cancel(False)

    def host(self, name):
        """Who offers the tool; None when nobody does."""
        for host in self._hosts:
            if name in host.tools():
                return host
        return None
