# SPDX-License-Identifier: Apache-2.0
"""Content by digest, and descriptors of it (OCI image specification 1.1)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from motet.components.errors import ComponentError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
# A manifest is read before anything about it is known; real ones have one or two kilobytes.
MAX_MANIFEST = 64 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class PackageFormatError(ComponentError):
    """What should be a package is none, or parts of it are not what their digests say."""


@dataclass(frozen=True)
class Descriptor:
    """Where content is told of: its media type, digest ("sha256:" and 64 digits) and size in bytes."""

    media_type: str
    digest: str
    size: int
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        extra = {"artifactType": self.artifact_type} if self.artifact_type else {}
        notes = {"annotations": dict(self.annotations)} if self.annotations else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **extra, **notes}

    @classmethod
    def parse(cls, data: Any) -> Descriptor:
        """From JSON data. Raises PackageFormatError."""
        if not isinstance(data, dict):
            raise PackageFormatError("a descriptor is missing")
        media_type, digest, size = (data.get(key) for key in ("mediaType", "digest", "size"))
        if not isinstance(media_type, str) or not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise PackageFormatError("a descriptor has no mediaType or size")
        notes = data.get("annotations")
        annotations = {str(k): str(v) for k, v in notes.items()} if isinstance(notes, dict) else {}
        return cls(media_type, check_digest(digest), size, str(data.get("artifactType", "")), annotations)

    def check(self, content: bytes) -> bytes:
        """The content, if it is what this describes. Raises PackageFormatError."""
        if len(content) != self.size or digest_of(content) != self.digest:
            raise PackageFormatError(f"{self.digest}: the content is not what its descriptor says")
        return content


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def check_digest(digest: Any) -> str:
    """The digest, if it is one: it becomes part of file names and URLs. Raises PackageFormatError."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise PackageFormatError(f"{str(digest)[:80]!r} is not a digest sha256:...")
    return digest


def describe(content: bytes, media_type: str, **more: Any) -> Descriptor:
    return Descriptor(media_type, digest_of(content), len(content), **more)


def dump(value: Any) -> bytes:
    """JSON in one form, so that equal packages have equal digests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises PackageFormatError."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise PackageFormatError(f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise PackageFormatError(f"{what} is not a JSON object")
    return value
