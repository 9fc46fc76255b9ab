# SPDX-License-Identifier: Apache-2.0
"""The configured database, policies and trusted keys, opened together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motet.cli.console import Exit, FatalError
from motet.components.gatekeeper import Gatekeeper
from motet.config import Config
from motet.gateway.rules import Rules
from motet.policy import Audit, Policy, PolicyError
from motet.store import Store, StoreError
from motet.trust import PrivateKey, TrustError, TrustStore, create, load

# The key that signs what the quick start installs; it is made on this machine and never leaves it.
LOCAL = "local"
# The gateway's: devices that have seen it take artifacts from nobody else.
GATEWAY = "gateway"


@contextmanager
def audit_of(config: Config) -> Iterator[Audit]:
    """The audit. Raises FatalError."""
    try:
        store = Store(config.store_url)
    except StoreError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    try:
        yield Audit(store)
    finally:
        store.close()


@contextmanager
def keeping(config: Config) -> Iterator[tuple[Gatekeeper, Rules]]:
    """Who guards changes of devices, and who guards calls. Raises FatalError."""
    try:
        policies = Policy.load(config.policy.files, {})
    except PolicyError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    key = own_key(config, GATEWAY)
    with audit_of(config) as audit:
        yield Gatekeeper(policies, TrustStore(config.trust_dir), audit, key), Rules(policies, audit)


def local_key(config: Config) -> PrivateKey:
    """This machine's own key, trusted by the gateway of this configuration. Raises FatalError."""
    key = own_key(config, LOCAL)
    try:
        TrustStore(config.trust_dir).add(LOCAL, key.public)
    except (TrustError, OSError) as error:
        raise FatalError(str(error), Exit.USAGE) from error
    return key


def own_key(config: Config, name: str) -> PrivateKey:
    """A key in the state folder, made when it is not there. Raises FatalError."""
    path = config.state.dir / "keys" / f"{name}.pem"
    try:
        return load(path) if path.exists() else create(path)
    except TrustError as error:
        raise FatalError(str(error), Exit.USAGE) from error


def key_path(name: str) -> Path:
    """Where `motet keygen NAME` puts a key."""
    return Path.home() / ".config" / "motet" / "keys" / f"{name}.pem"
