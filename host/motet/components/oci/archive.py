# SPDX-License-Identifier: Apache-2.0
"""A bundle as one file ``.motet``: a tar of an OCI image layout (image specification 1.1), which other tools read, too."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from motet.components.oci import blobs, bundle
from motet.components.oci.blobs import INDEX, MANIFEST, Descriptor, PackageFormatError, describe, dump
from motet.components.oci.bundle import Bundle
from motet.trust.files import replace

SUFFIX = ".motet"
# The largest component for gateways, its attachments and the tar around them; ``contents.unpack`` knows what is for what place.
MAX_BYTES = 68 << 20
_LAYOUT = ("oci-layout", dump({"imageLayoutVersion": "1.0.0"}))
_MAX_FILES = 128


def write(package: Bundle, path: Path) -> None:
    """Write the file whole or not at all; equal bundles give equal bytes. Raises OSError."""
    replace(path, dumps(package))


def dumps(package: Bundle) -> bytes:
    """The bytes of the file."""
    manifests = (package.image, *package.referrers)
    listed = [describe(one, MANIFEST).as_json() for one in manifests]
    index = dump({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed})
    files = {blobs.digest_of(one): one for one in manifests} | dict(package.content)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (_LAYOUT, ("index.json", index), *((_path(key), files[key]) for key in sorted(files))):
            # Nothing else is set: owner, time and mode are those of nobody and no time.
            item = tarfile.TarInfo(name)
            item.size = len(content)
            tar.addfile(item, io.BytesIO(content))
    return out.getvalue()


def read(path: Path) -> Bundle:
    """Raises PackageFormatError; nothing is unpacked to disk and no digest is taken on trust."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PackageFormatError(f"{path}: {error.strerror}") from None
    try:
        return loads(data)
    except PackageFormatError as error:
        raise PackageFormatError(f"{path}: {error}") from None


def loads(data: bytes) -> Bundle:
    """The bundle in the bytes of a file. Raises PackageFormatError."""
    if len(data) > MAX_BYTES:
        raise PackageFormatError(f"more than {MAX_BYTES} bytes")
    files = _files(data)
    listed = _manifests(files)
    images = [one for one in listed if "subject" not in blobs.parse(one, "a manifest")]
    if len(images) != 1:
        raise PackageFormatError(f"{len(images)} packages in one file, expected one")
    digest = blobs.digest_of(images[0])
    referrers = tuple(one for one in listed if one is not images[0] and bundle.is_ours(one))
    content: dict[str, bytes] = {}
    for one in (images[0], *referrers):
        manifest = blobs.parse(one, "a manifest")
        if one is not images[0] and bundle.subject(manifest) != digest:
            raise PackageFormatError("a manifest refers to another package")
        for part in bundle.parts(manifest):
            content[part.digest] = part.check(_blob(files, part))
    return Bundle(images[0], referrers, content)


def _files(data: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for item in tar:
                if item.isdir() and item.size == 0:
                    continue
                # Sparse files are as long as they say, however short the archive is.
                odd = not item.isreg() or item.issparse() or not 0 <= item.size <= len(data)
                if odd or item.name in files or len(files) >= _MAX_FILES:
                    raise PackageFormatError(f"an odd entry: {item.name[:80]!r}")
                files[item.name] = _content(tar, item)
    except (tarfile.TarError, OSError, ValueError, EOFError, RecursionError) as error:
        raise PackageFormatError(f"not a package: {error}") from None
    return files


def _content(tar: tarfile.TarFile, item: tarfile.TarInfo) -> bytes:
    source = tar.extractfile(item)
    return source.read() if source is not None else b""


def _manifests(files: dict[str, bytes]) -> list[bytes]:
    if files.get(_LAYOUT[0]) is None or "index.json" not in files:
        raise PackageFormatError("not a package: oci-layout or index.json is missing")
    listed: Any = blobs.parse(files["index.json"], "index.json").get("manifests")
    if not isinstance(listed, list) or not listed:
        raise PackageFormatError("index.json lists no manifest")
    bundle.check_referrers(len(listed) - 1)
    return [descriptor.check(_blob(files, descriptor)) for descriptor in map(Descriptor.parse, listed)]


def _blob(files: dict[str, bytes], descriptor: Descriptor) -> bytes:
    try:
        return files[_path(descriptor.digest)]
    except KeyError:
        raise PackageFormatError(f"{descriptor.digest} is missing") from None


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")
