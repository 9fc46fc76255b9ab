# SPDX-License-Identifier: Apache-2.0
"""Errors of keys and signatures."""


class TrustError(Exception):
    """A signature is missing, wrong or of a key that is not trusted; the message says which and what to do."""


class KeyFileError(TrustError):
    """A key cannot be read, is no Ed25519 key, or is one that nobody should use."""
