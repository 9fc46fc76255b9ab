# SPDX-License-Identifier: Apache-2.0
"""Running the official MCP conformance suite against Motet."""
