# SPDX-License-Identifier: Apache-2.0
"""How the gateway introduces itself: in each view as the server that it is there, with what there is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp_types import SERVER_INFO_META_KEY, DiscoverResult, RequestParams, ServerCapabilities
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from motet.gateway import views
from motet.gateway.views import VIEW, View

INSTRUCTIONS = "Tools of the devices behind this gateway, named <device>.<tool>. Devices come and go; so do their tools."
_ONE = "Tools of the device {device}, under its own names."
OPTIONAL = ("resources", "prompts", "completions")
# Which of the `OPTIONAL` capabilities a view has.
Has = Callable[[View], Collection[str]]


class ViewServer(Server[Any]):
    """The SDK's low-level server, whose capabilities, title and instructions are those of the view that is asked."""

    def __init__(self, name: str, has: Has, **settings: Any) -> None:
        super().__init__(name, **settings)
        self._has = has
        self.add_request_handler("server/discover", RequestParams, self.discover)

    async def discover(self, ctx: ServerRequestContext[Any, Any], _params: RequestParams) -> DiscoverResult:
        """The `server/discover` handler."""
        view = views.of(ctx)
        capabilities = self.capabilities(view, self.get_capabilities(protocol_version=ctx.protocol_version))
        result = DiscoverResult(
            supported_versions=list(MODERN_PROTOCOL_VERSIONS), capabilities=capabilities, instructions=instructions(view)
        )
        if view.title:
            result.meta = {SERVER_INFO_META_KEY: {**self.server_info_stamp, "title": view.title}}
        return result

    def capabilities(self, view: View, whole: ServerCapabilities) -> ServerCapabilities:
        """What is left of those of the `whole` fleet in a view."""
        has = self._has(view)
        return whole.model_copy(update={name: None for name in OPTIONAL if name not in has})

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """For clients from before 2026-07-28; lists change for them, too: the SDK asks nobody for these options over HTTP."""
        options, view = notification_options or NotificationOptions(True, True, True), VIEW.get()
        # Extensions are of 2026-07-28.
        made = super().create_initialization_options(options, experimental_capabilities, extensions or {})
        told = {"capabilities": self.capabilities(view, made.capabilities), "instructions": instructions(view)}
        return made.model_copy(update={**told, "title": view.title or made.title})


def instructions(view: View) -> str:
    """What clients are told of a view."""
    return view.instructions or (_ONE.format(device=view.device) if view.device else INSTRUCTIONS)
