# SPDX-License-Identifier: Apache-2.0
"""A package and everything that refers to it, as content by digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from motet.components.oci import blobs
from motet.components.oci.blobs import EMPTY, MANIFEST, Descriptor, PackageFormatError, describe, dump

WASM = "application/wasm"
WASM_CONFIG = "application/vnd.wasm.config.v0+json"
TFLITE = "application/vnd.motet.model.v1+tflite"
MODEL_CONFIG = "application/vnd.motet.model.config.v1+json"
COMPONENT_TOML = "application/vnd.motet.component.v1+toml"
SIGNATURE = "application/vnd.motet.signature.v1+cose"
SBOM = "application/vnd.cyclonedx+json"
PROVENANCE = "application/vnd.in-toto+json"
# What may refer to a package, and the most bytes it may have. Whatever else refers to it is not ours to read.
ATTACHED = {COMPONENT_TOML: 64 << 10, SIGNATURE: 4 << 10, SBOM: 256 << 10, PROVENANCE: 64 << 10}
# Content of the empty descriptor, which stands where an artifact has no configuration.
_NOTHING = b"{}"
_NAME = "org.opencontainers.image.title"
_REVISION = "org.opencontainers.image.version"
# Which Component.toml is the package's: in the manifest, so that the package's digest covers it.
_POLICY = "motet.component-toml"
_MAX_REFERRERS = 32


@dataclass(frozen=True)
class Bundle:
    """`image`: the manifest of the package. `referrers`: manifests whose subject it is. `content`: every blob by digest."""

    image: bytes
    referrers: tuple[bytes, ...]
    content: Mapping[str, bytes]

    @property
    def descriptor(self) -> Descriptor:
        return describe(self.image, MANIFEST)

    def attachments(self, media_type: str) -> list[bytes]:
        """The content of this type that refers to the package, in the order of the manifests' digests.

        Raises PackageFormatError for more bytes than ATTACHED allows.
        """
        return [self._layer(manifest, media_type) for manifest in self._sorted() if artifact_type(manifest) == media_type]

    def with_attachment(self, media_type: str, content: bytes) -> Bundle:
        """The same with one more attachment; one of the same bytes is there once."""
        manifest, parts = attachment(self.descriptor, media_type, content)
        if manifest in self.referrers:
            return self
        return Bundle(self.image, (*self.referrers, manifest), {**self.content, **parts})

    def _sorted(self) -> Iterator[dict[str, Any]]:
        for manifest in sorted(self.referrers, key=blobs.digest_of):
            yield blobs.parse(manifest, "a referring manifest")

    def _layer(self, manifest: dict[str, Any], media_type: str) -> bytes:
        descriptor = check_attached(single_layer(manifest), media_type)
        return descriptor.check(self.content.get(descriptor.digest, b""))


def image(config: bytes, config_type: str, layer: bytes, layer_type: str, notes: Mapping[str, str]) -> Bundle:
    """A package of one layer. Equal arguments give equal bytes: nothing in it depends on when or where."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": describe(config, config_type).as_json(),
        "layers": [describe(layer, layer_type).as_json()],
        "annotations": dict(notes),
    }
    return Bundle(dump(manifest), (), {blobs.digest_of(part): part for part in (config, layer)})


def attachment(subject: Descriptor, media_type: str, content: bytes) -> tuple[bytes, dict[str, bytes]]:
    """(manifest of an artifact that refers to `subject`, its blobs by digest)."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": media_type,
        "config": describe(_NOTHING, EMPTY).as_json(),
        "layers": [describe(content, media_type).as_json()],
        "subject": subject.as_json(),
    }
    return dump(manifest), {blobs.digest_of(part): part for part in (_NOTHING, content)}


def single_layer(manifest: Mapping[str, Any]) -> Descriptor:
    """The only layer. Raises PackageFormatError."""
    layers = manifest.get("layers")
    if not isinstance(layers, list) or len(layers) != 1:
        raise PackageFormatError("a package has exactly one layer")
    return Descriptor.parse(layers[0])


def parts(manifest: Mapping[str, Any]) -> tuple[Descriptor, Descriptor]:
    """(configuration, layer) of a manifest. Raises PackageFormatError."""
    if manifest.get("schemaVersion") != 2 or manifest.get("mediaType") != MANIFEST:
        raise PackageFormatError("a manifest of another kind than OCI image manifests")
    return Descriptor.parse(manifest.get("config")), single_layer(manifest)


def subject(manifest: Mapping[str, Any]) -> str:
    """Digest of what the manifest refers to. Raises PackageFormatError when it refers to nothing."""
    return Descriptor.parse(manifest.get("subject")).digest


def notes(name: str, revision: int, policy: bytes | None = None) -> dict[str, str]:
    """The annotations of a package; `policy`: the bytes of its Component.toml."""
    return {_NAME: name, _REVISION: str(revision)} | ({} if policy is None else {_POLICY: blobs.digest_of(policy)})


def policy_digest(manifest: Mapping[str, Any]) -> str | None:
    """Digest of the Component.toml that is the package's; None when it does not say. Raises PackageFormatError."""
    said = manifest.get("annotations")
    named = said.get(_POLICY) if isinstance(said, dict) else None
    return None if named is None else blobs.check_digest(named)


def title(manifest: Mapping[str, Any]) -> tuple[str, int]:
    """(name, revision) in the annotations. Raises PackageFormatError."""
    said = manifest.get("annotations")
    name, revision = (said.get(key) for key in (_NAME, _REVISION)) if isinstance(said, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(revision, str) or not revision.isascii() or not revision.isdigit():
        raise PackageFormatError("the package's manifest has no name and revision in its annotations")
    return name, int(revision[:20])


def check_referrers(count: int) -> None:
    """Refuse more than a package has use for, before they are read. Raises PackageFormatError."""
    if count > _MAX_REFERRERS:
        raise PackageFormatError(f"{count} artifacts refer to the package, at most {_MAX_REFERRERS} are read")


def check_attached(layer: Descriptor, media_type: str) -> Descriptor:
    """Refuse an attachment that is larger than its kind may be, before it is read. Raises PackageFormatError."""
    most = ATTACHED[media_type]
    if layer.size > most:
        raise PackageFormatError(f"an attachment {media_type} of {layer.size} bytes, at most {most} are read")
    return layer


def is_ours(manifest: bytes) -> bool:
    """Whether a referring manifest is of a kind that Motet reads; those of other programs may look as they like."""
    return artifact_type(blobs.parse(manifest, "a manifest")) in ATTACHED


def artifact_type(manifest: Mapping[str, Any]) -> str:
    """What kind of artifact a referring manifest is; empty when it does not say."""
    return str(manifest.get("artifactType", ""))
