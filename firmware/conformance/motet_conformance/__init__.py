# SPDX-License-Identifier: Apache-2.0
"""The fixture of the MCP conformance suite. Not part of normal images."""
