# SPDX-License-Identifier: Apache-2.0
"""The keys that are trusted: a folder with one file ``<name>.pub`` for each, holding the line of a public key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from motet.trust.errors import KeyFileError, TrustError
from motet.trust.files import write_new
from motet.trust.keys import PublicKey
from motet.trust.signing import opened, signer

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SUFFIX = ".pub"
_MAX_FILE = 1024


class TrustStore:
    """The keys in `folder`, which need not exist yet. Read anew at each use: another process may have changed it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __iter__(self) -> Iterator[tuple[str, PublicKey]]:
        """(name, key), sorted by name. Raises KeyFileError naming a file that holds no key."""
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            yield path.stem, _read(path)

    def add(self, name: str, key: PublicKey) -> bool:
        """Trust a key; False when it was there under this name. Raises TrustError for a name or a key that is taken."""
        path = self._path(name)
        for other, known in self:
            if known == key and other == name:
                return False
            if known == key:
                raise TrustError(f"this key is trusted already, as {other}")
        try:
            write_new(path, f"{key}\n".encode(), 0o644)
        except FileExistsError:
            raise TrustError(f"{name} is another key ({_read(path).fingerprint}); remove it first") from None
        return True

    def remove(self, name: str) -> bool:
        """Trust the key no longer; False when there was none of this name."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def check(self, envelope: bytes, context: str, detached: bytes | None = None) -> tuple[str, bytes]:
        """(name of the key, payload) of a message that a trusted key signed for `context`. Raises TrustError."""
        wanted = signer(envelope)
        for name, key in self:
            if key.id == wanted:
                return name, opened(envelope, key, context, detached)
        raise TrustError(f"signed with key {wanted.hex()}, which is not trusted; if it should be: motet trust add NAME KEY")

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise TrustError(f"{name!r} is no name for a key: 1 to 63 characters of a-z 0-9 . _ -, a letter or digit first")
        return self.folder / f"{name}{_SUFFIX}"


def _read(path: Path) -> PublicKey:
    try:
        with path.open(encoding="utf-8") as file:
            return PublicKey.parse(file.read(_MAX_FILE))
    except (OSError, UnicodeDecodeError, KeyFileError) as error:
        raise KeyFileError(f"{path}: {error}") from None
