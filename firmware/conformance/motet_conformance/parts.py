# SPDX-License-Identifier: Apache-2.0
"""What the rows of the fixture share: contents, and what a client answered."""

import binascii

NOTHING = {"type": "object", "properties": {}}
# One red pixel, and 8 kHz mono without a sample.
PNG = binascii.a2b_base64("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC")
WAV = binascii.a2b_base64("UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=")


def text(words):
    return {"content": [{"type": "text", "text": words}]}


def image():
    return {"type": "image", "data": PNG, "mimeType": "image/png"}


def resource(uri, words, mime="text/plain"):
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime, "text": words}}


def answers(params):
    """The client's answers by key."""
    given = params.get("inputResponses")
    return given if isinstance(given, dict) else {}


def elicited(params, key):
    """The content of an accepted form, None for anything else."""
    answer = answers(params).get(key)
    if not isinstance(answer, dict) or answer.get("action") != "accept":
        return None
    content = answer.get("content")
    return content if isinstance(content, dict) else None


def capable(params, name):
    """Whether the client declared a capability; the gateway passes them on to tools that ask for input."""
    declared = params.get("_meta", {}).get("io.modelcontextprotocol/clientCapabilities", {})
    return name in declared
