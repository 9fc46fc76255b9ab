# SPDX-License-Identifier: Apache-2.0
"""The configured database, policies and trusted keys, opened together."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from motet.cli.console import Exit, FatalError
from motet.components.capabilities import policy_fields
from motet.components.depot import Depot
from motet.components.gatekeeper import Gatekeeper
from motet.config import Config
from motet.gateway.rules import Rules
from motet.gateway.tasktable import TaskTable
from motet.policy import Audit, Policy, PolicyError
from motet.store import Store, StoreError
from motet.trust import KeyFileError, PrivateKey, PublicKey, TrustError, TrustStore, create, load
from motet.trust.files import write_new

# The key that signs what the quick start installs; it is made on this machine and never leaves it.
LOCAL = "local"
# The gateway's: devices that have seen it take artifacts from nobody else.
GATEWAY = "gateway"


class Kept(NamedTuple):
    """Who guards changes of devices, who guards calls, and the packages that were installed."""

    gate: Gatekeeper
    rules: Rules
    depot: Depot


@contextmanager
def store_of(config: Config) -> Iterator[Store]:
    """The database. Raises FatalError, also for a StoreError of what is done with it."""
    try:
        store = Store(config.store_url)
    except StoreError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    try:
        yield store
    except StoreError as error:
        raise FatalError(str(error)) from error
    finally:
        store.close()


@contextmanager
def audit_of(config: Config) -> Iterator[Audit]:
    """The audit. Raises FatalError, also for a StoreError of what is done with it."""
    with store_of(config) as store:
        yield Audit(store)


@contextmanager
def keeping(config: Config) -> Iterator[Kept]:
    """What a gateway of this configuration decides and remembers with. Raises FatalError."""
    try:
        policies = Policy.load(config.policy.files, policy_fields())
    except PolicyError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    key = own_key(config, GATEWAY)
    with store_of(config) as store:
        audit = Audit(store)
        gate = Gatekeeper(policies, TrustStore(config.trust_dir), audit, key)
        yield Kept(gate, Rules(policies, audit), Depot(store))


@contextmanager
def tasks_of(config: Config) -> Iterator[TaskTable]:
    """Where the gateway keeps its tasks. Raises FatalError."""
    try:
        store = Store(config.store_url)
    except StoreError as error:
        raise FatalError(str(error), Exit.USAGE) from error
    try:
        yield TaskTable(store)
    except StoreError as error:
        raise FatalError(str(error)) from error
    finally:
        store.close()


def sealing_key(config: Config) -> bytes:
    """The secret that seals what clients carry between rounds of a call: the same after a restart. Raises FatalError."""
    path = config.state.dir / "keys" / "rounds.key"
    try:
        # Another process may make it at the same time.
        with suppress(FileExistsError):
            if not path.exists():
                write_new(path, secrets.token_bytes(32), 0o600)
        return path.read_bytes()
    except OSError as error:
        raise FatalError(f"{path}: {error.strerror}; set state.dir in motet.toml", Exit.USAGE) from error


def local_key(config: Config) -> PrivateKey:
    """This machine's own key, trusted by the gateway of this configuration. Raises FatalError."""
    key = own_key(config, LOCAL)
    trust_key(config, LOCAL, key.public)
    return key


def trust_key(config: Config, name: str, key: PublicKey) -> bool:
    """Trust a key and have it in the audit, or neither; False when it was trusted already. Raises FatalError."""
    store = TrustStore(config.trust_dir)
    with audit_of(config) as audit:
        try:
            if not store.add(name, key):
                return False
        except (TrustError, OSError) as error:
            raise FatalError(str(error), Exit.USAGE) from error
        try:
            audit.append("operator", "trust.add", f"key/{name}", "done", {"public": str(key)})
        except BaseException:
            store.remove(name)
            raise
    return True


def own_key(config: Config, name: str) -> PrivateKey:
    """A key in the state folder, made when it is not there. Raises FatalError."""
    path = config.state.dir / "keys" / f"{name}.pem"
    try:
        return load(path) if path.exists() else _made(path)
    except TrustError as error:
        raise FatalError(str(error), Exit.USAGE) from error


def _made(path: Path) -> PrivateKey:
    try:
        return create(path)
    except KeyFileError:
        # Another process may have made it meanwhile.
        if not path.exists():
            raise
        return load(path)
