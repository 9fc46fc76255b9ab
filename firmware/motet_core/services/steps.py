# SPDX-License-Identifier: Apache-2.0
"""A tool call that goes on in steps: other calls, and what components do by themselves, have their turn between two of them."""

from motet_core import platform
from motet_core.errors import Later, ToolError

# Progress is told once in this time at most.
_TOLD_MS = 200


class Work:
    """A call that was begun. `component.step(tool)` -> ("more", [done, total]) or ("done", value)."""

    def __init__(self, component, tool, supervisor):
        self._component = component
        self._tool = tool
        self._supervisor = supervisor
        self._told = None

    async def proceed(self, request, tell):
        """One step -> (value, text) as of a tool; Later: there is more to do. `tell`: async (method, params)."""
        progress, result = await self._supervisor.supervised(lambda: self._component.step(self._tool, self), request)
        if progress is None:
            return result
        try:
            await self._tell(progress, request, tell)
        except Exception:
            # No memory for it, or a token that is none: the work goes on, or the tool would stay busy for ever.
            pass
        raise Later(self)

    async def end(self):
        """It was withdrawn, or is no longer wanted."""
        try:
            await self._supervisor.background(lambda: self._component.give_up(self._tool, self))
        except ToolError:
            # It ends in any case: with the instance.
            pass

    async def _tell(self, value, request, tell):
        meta = request.params.get("_meta", {})
        token = meta.get("progressToken")
        now = platform.clock_ms()
        if token is None or (self._told is not None and now - self._told < _TOLD_MS):
            return
        self._told = now
        done, total = value
        params = {"progressToken": token, "progress": done}
        if total:
            params["total"] = total
        await tell("notifications/progress", params)
