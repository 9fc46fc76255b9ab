# SPDX-License-Identifier: Apache-2.0
"""What requests of the artifact methods may say; InvalidParams names the field."""

from motet_core.errors import InvalidParams
from motet_core.wire.presence import valid_id

KINDS = ("component", "model")
UINT32 = 0xFFFFFFFF


def begin_params(params):
    """-> kind, name, revision, size, digest, and nothing else."""
    digest = params.get("digest")
    if not isinstance(digest, bytes) or len(digest) != 32:
        raise InvalidParams("digest: expected the 32 bytes of SHA-256")
    return {
        "kind": choice(params, "kind", KINDS),
        "name": name_of(params),
        "revision": uint(params, "revision", 0, UINT32),
        "size": uint(params, "size", 1, UINT32),
        "digest": digest,
    }


def uint(params, name, least, most):
    value = params.get(name)
    if value is True or value is False or not isinstance(value, int) or not least <= value <= most:
        raise InvalidParams("%s: expected a number from %d to %d" % (name, least, most))
    return value


def choice(params, name, choices):
    if params.get(name) not in choices:
        raise InvalidParams("%s: expected one of %s" % (name, ", ".join(choices)))
    return params[name]


def name_of(params):
    if not valid_id(params.get("name")):
        raise InvalidParams("name: expected 1 to 32 characters of A-Z a-z 0-9 _ -")
    return params["name"]
