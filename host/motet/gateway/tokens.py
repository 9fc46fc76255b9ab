# SPDX-License-Identifier: Apache-2.0
"""Access tokens: JWTs of configured authorization servers, bound to this gateway, and static tokens of small set-ups.

OAuth 2.1 as MCP 2026-07-28 (basic/authorization) has it: the gateway is a resource server and issues nothing. A token counts
only when one of the issuers signed it (RFC 7519), for this resource (RFC 8707), and it has an end that is still to come.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import jwt
from mcp.server.auth.provider import AccessToken

from motet.config import Auth
from motet.gateway.limits import overloaded

log = logging.getLogger(__name__)

ALGORITHMS = ("EdDSA", "ES256", "ES384", "PS256", "RS256")
LEEWAY_S = 30
LONGEST = 16 * 1024
_FETCH_S = 5
# Tokens whose key is looked for at the same time; more are refused until then.
WAITING = 64
_THREADS = 2


class TokensError(Exception):
    """The settings cannot be used; the text says which and why."""


class _Keys(Protocol):
    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK: ...


class Verifier:
    """Verifies bearer tokens by the settings of `[auth]`. Raises TokensError."""

    def __init__(self, settings: Auth) -> None:
        self._resource, self._issuers = settings.resource, settings.issuers
        self._static = {token.sha256.lower(): token for token in settings.tokens}
        self._keys = _keys(settings.jwks) if settings.jwks else None
        # Of its own: an issuer that does not answer must not hold up what others do in threads.
        self._pool = ThreadPoolExecutor(_THREADS, "tokens")
        self._waiting = 0

    async def verify_token(self, token: str) -> AccessToken | None:
        """What the token says, None for one that does not count; why not is in the log only. Raises Shed."""
        if len(token) > LONGEST:
            return None
        # By its digest: the time that a comparison takes tells nothing of the token.
        known = self._static.get(hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest())
        if known is not None:
            return AccessToken(token=token, client_id=known.name, scopes=list(known.scopes), resource=self._resource)
        if self._keys is None:
            return None
        try:
            key = await self._key(self._keys, token)
            return self._said(token, self._decoded(token, key))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            log.info("an access token is refused: %s", error)
            return None

    async def _key(self, keys: _Keys, token: str) -> jwt.PyJWK:
        if self._waiting >= WAITING:
            raise overloaded("gateway_logins", "at_once", "too many access tokens are being looked at")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, keys.get_signing_key_from_jwt, token)
        finally:
            self._waiting -= 1

    def _decoded(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        needs: Any = {"require": ["exp", "iss", "aud"]}
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=list(ALGORITHMS), audience=self._resource, issuer=self._issuers, leeway=LEEWAY_S, options=needs
        )
        return claims

    def _said(self, token: str, claims: dict[str, Any]) -> AccessToken:
        scopes = claims.get("scope", claims.get("scp", ""))
        client, subject = claims.get("client_id", claims.get("azp")), claims.get("sub")
        return AccessToken(
            token=token,
            client_id=str(client or subject or "unknown"),
            scopes=scopes.split() if isinstance(scopes, str) else [str(one) for one in scopes],
            expires_at=int(claims["exp"]) + LEEWAY_S,
            resource=self._resource,
            subject=None if subject is None else str(subject),
            claims={"iss": claims["iss"]},
        )


class _FileKeys:
    def __init__(self, path: Path) -> None:
        self._keys = jwt.PyJWKSet.from_dict(json.loads(path.read_text(encoding="utf-8")))

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        kid = jwt.get_unverified_header(token).get("kid")
        for key in self._keys.keys:
            if kid is None or key.key_id == kid:
                return key
        raise jwt.PyJWKSetError(f"no key {kid!r:.80}")


def _keys(where: str) -> _Keys:
    if where.startswith("https://"):
        # The set is fetched again every five minutes. Keys are not kept beyond it: one that was withdrawn would count for ever.
        return jwt.PyJWKClient(where, timeout=_FETCH_S)
    try:
        return _FileKeys(Path(where))
    except (OSError, ValueError, jwt.PyJWTError) as error:
        raise TokensError(f"auth.jwks: {where}: {error}") from None
