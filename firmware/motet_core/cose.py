# SPDX-License-Identifier: Apache-2.0
"""Signed messages: COSE_Sign1 with Ed25519 (RFC 9052 §4.2, RFC 9053 §2.2) in one form only.

    [protected: bstr {1: -8, 4: key id}, unprotected: {}, payload: bstr or null, signature: 64 bytes]

untagged, in the deterministic encoding of `cbor`. The external data that a signature covers is ["motet/1", context], so that
what was signed for one purpose counts for no other. A payload that travels elsewhere is null here ("detached").
"""

from motet_core import cbor
from motet_core.errors import Untrusted, WireError
from motet_core.platform import native

KEY_LENGTH = 32
SIGNATURE_LENGTH = 64
KEY_ID_LENGTH = 8
_EDDSA = -8


def key_id(key):
    """How messages name a public key: the first bytes of its SHA-256."""
    return native().crypto.sha256(key)[:KEY_ID_LENGTH]


def protected(key):
    """The protected header of messages signed with the private half of `key`."""
    return cbor.dumps({1: _EDDSA, 4: key_id(key)})


def to_be_signed(header, context, payload):
    """The bytes that a signature covers (Sig_structure, RFC 9052 §4.4)."""
    return cbor.dumps(["Signature1", header, cbor.dumps(["motet/1", context]), payload])


def signer(envelope):
    """The key id in an envelope, which proves nothing yet. Untrusted when it is no envelope."""
    return _parts(envelope)[3]


def payload(envelope):
    """The payload in an envelope, which proves nothing yet. Untrusted when there is none."""
    found = _parts(envelope)[1]
    if found is None:
        raise Untrusted("the signed message has no payload")
    return found


def opened(envelope, key, context, detached=None):
    """The payload of an envelope that was signed with the private half of `key` for `context`; else Untrusted says why.

    `detached`: the payload, for an envelope without one.
    """
    header, payload, signature, named = _parts(envelope)
    if (payload is None) != (detached is not None):
        raise Untrusted("the signed message has %s payload" % ("no" if payload is None else "a second"))
    if payload is None:
        payload = detached
    if named != key_id(key):
        raise Untrusted("signed with another key than the one expected")
    if not native().crypto.ed25519_verify(key, signature, to_be_signed(header, context, payload)):
        raise Untrusted("the signature is wrong")
    return payload


def _parts(envelope):
    try:
        parts = cbor.loads(envelope)
        if type(parts) is list and len(parts) == 4 and type(parts[0]) is bytes and parts[1] == {}:
            header, _, payload, signature = parts
            fields = cbor.loads(header)
            if _is_header(fields) and _is_body(payload, signature):
                return header, payload, signature, fields[4]
    except WireError:
        pass
    raise Untrusted("not a signed message")


def _is_header(fields):
    if type(fields) is not dict or len(fields) != 2 or fields.get(1) != _EDDSA:
        return False
    named = fields.get(4)
    return type(named) is bytes and len(named) == KEY_ID_LENGTH


def _is_body(payload, signature):
    return (payload is None or type(payload) is bytes) and type(signature) is bytes and len(signature) == SIGNATURE_LENGTH
