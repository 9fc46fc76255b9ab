# SPDX-License-Identifier: Apache-2.0
"""The assembled gateway: MCP over Streamable HTTP and stdio in front of the fleet."""
