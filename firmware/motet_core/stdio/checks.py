# SPDX-License-Identifier: Apache-2.0
"""What requests of a client must hold, and what errors tell it (MCP 2026-07-28, basic)."""

from motet_core.errors import INVALID_PARAMS, InvalidParams, MotetError
from motet_core.mcp import PROTOCOL, UnsupportedVersion
from motet_core.wire.dictionary import PREFIX

VERSION = PREFIX + "protocolVersion"
ABILITIES = PREFIX + "clientCapabilities"


class MissingCapability(MotetError):
    """The client has not declared what an answer takes."""

    code = -32021

    def __init__(self, required):
        super().__init__("this request needs a capability of the client")
        self.data = {"requiredCapabilities": required}


def checked(meta):
    """`_meta` of a request of 2026-07-28 -> the client's capabilities. InvalidParams, UnsupportedVersion."""
    version, able = meta[VERSION], meta.get(ABILITIES)
    if not isinstance(version, str):
        raise InvalidParams("_meta: %s: expected string" % VERSION)
    if version != PROTOCOL:
        raise UnsupportedVersion(version)
    if not isinstance(able, dict):
        raise InvalidParams("_meta: %s: expected object" % ABILITIES)
    return able


def told(method, params, error):
    """A device's error with what the specification wants beside it: which resource is not there."""
    if method == "resources/read" and error["code"] == INVALID_PARAMS:
        error.setdefault("data", {"uri": params.get("uri")})
    return error


def valid_id(value):
    """Of a request."""
    return (
        isinstance(value, (int, str))
        and value is not True
        and value is not False
        and (isinstance(value, int) or len(value) <= 64)
    )
