# SPDX-License-Identifier: Apache-2.0
"""The wire format, used by both ends: dictionary, packed messages, blocks, presence, hello, cancel keys."""
