# SPDX-License-Identifier: Apache-2.0
"""What a gateway does for a device, done by a device that answers MCP itself: revisions, subscriptions, sealed state."""
