# SPDX-License-Identifier: Apache-2.0
"""Other MCP servers as devices of the fleet: programs on standard input and output, HTTP endpoints (another Motet gateway among
them), and servers that speak MCP over MQTT.

A `StandIn` answers on the bus in a server's place, as a device would. So policies, audit, limits, views and catalogues by hash
hold for a foreign server as they do for a board, and several gateways of a realm share one connection to it.
"""

from motet.upstream.keeper import Keeper
from motet.upstream.standin import StandIn, UpstreamError

__all__ = ["Keeper", "StandIn", "UpstreamError"]
