# SPDX-License-Identifier: Apache-2.0
"""Errors of the device core; each carries the integer code that goes on the wire.

MotetError
├── WireError        -32700  bytes that are not what the contract says
├── InvalidRequest   -32600  a message that is not a request
├── MethodNotFound   -32601
├── InvalidParams    -32602  names the field
├── InternalError    -32603  never carries details of the device's inside
├── Cancelled        -32050  the caller withdrew the request
├── Expired          -32051  the request was no longer wanted when its turn came
├── Busy             -32052  no room for another request or transfer
├── NoMemory         -32053  names what was needed and what is free
├── Refused          -32054  an artifact that cannot run here, with the reason
├── NotFound         -32055  no such artifact, transfer, sensor or model
├── TooLarge         -32056  the answer does not fit what the peers agreed on
├── Untrusted        -32057  a signature that is missing, wrong or of a key that is not trusted
├── Denied           -32058  what the grant of a component does not allow
└── StorageFailed    -32059  the flash: worn out, or no store of this device

ToolError is outside the tree: it ends as a tool result with isError, never as a JSON-RPC error. Later is no error at all: it
says that a call goes on in steps.
"""

PARSE = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
CANCELLED = -32050
EXPIRED = -32051
BUSY = -32052
NO_MEMORY = -32053
REFUSED = -32054
NOT_FOUND = -32055
TOO_LARGE = -32056
UNTRUSTED = -32057
DENIED = -32058
STORAGE_FAILED = -32059


class MotetError(Exception):
    """An error with a wire code and one plain sentence that holds no secrets."""

    code = INTERNAL

    def __init__(self, message):
        super().__init__(message)
        self.message = message


class WireError(MotetError):
    code = PARSE


class InvalidRequest(MotetError):
    code = INVALID_REQUEST


class MethodNotFound(MotetError):
    code = METHOD_NOT_FOUND


class InvalidParams(MotetError):
    code = INVALID_PARAMS


class InternalError(MotetError):
    code = INTERNAL


class Cancelled(MotetError):
    code = CANCELLED


class Expired(MotetError):
    code = EXPIRED


class Busy(MotetError):
    code = BUSY


class NoMemory(MotetError):
    code = NO_MEMORY


class Refused(MotetError):
    code = REFUSED


class NotFound(MotetError):
    code = NOT_FOUND


class TooLarge(MotetError):
    code = TOO_LARGE


class Untrusted(MotetError):
    code = UNTRUSTED


class Denied(MotetError):
    """`word`: the case of a component's typed error: "denied", "limited" (rate, quota) or "expired"."""

    code = DENIED

    def __init__(self, message, word="denied"):
        super().__init__(message)
        self.word = word


class StorageFailed(MotetError):
    code = STORAGE_FAILED


class ToolError(Exception):
    """A tool that could not do its work: the caller sees the text in a result with isError.

    `kind`, for programs: "arguments", "trap", "out_of_fuel", "denied", "busy", "failed", "restarting", "quarantined" (of a
    component), "unavailable" (sensor), "error".
    """

    def __init__(self, message, kind="error"):
        super().__init__(message)
        self.kind = kind


class Later(Exception):
    """A call that was begun and goes on in steps. `work`: services.steps.Work; `proceed`: async (request, tell), the next one."""

    def __init__(self, work):
        super().__init__("it goes on")
        self.work = work
        self.proceed = None
