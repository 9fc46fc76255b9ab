# SPDX-License-Identifier: Apache-2.0
"""Packages to bundles and back."""

from __future__ import annotations

from dataclasses import replace

from motet import models
from motet.components import manifest as manifests
from motet.components.oci import blobs, bundle
from motet.components.oci.blobs import PackageFormatError, dump
from motet.components.oci.bundle import (
    COMPONENT_TOML,
    MODEL_CONFIG,
    PROVENANCE,
    SBOM,
    SIGNATURE,
    TFLITE,
    WASM,
    WASM_CONFIG,
    Bundle,
)
from motet.components.packages import COMPONENT, Package, most
from motet.components.reader import Malformed
from motet.components.wasmfile import decode
from motet.models.inspection import MAX_BYTES, check_name

# The CNCF layout asks for a time; a fixed one keeps equal packages equal.
_CREATED = "1970-01-01T00:00:00Z"


def pack(package: Package) -> Bundle:
    """The bundle of a package, its Component.toml, attestations and signatures. Equal packages give equal bytes."""
    made = _image(package)
    if package.kind == COMPONENT:
        made = made.with_attachment(COMPONENT_TOML, package.manifest.encode())
    for media_type, content in (*package.attachments, *((SIGNATURE, one) for one in package.signatures)):
        made = made.with_attachment(media_type, content)
    return made


def digest_of(package: Package) -> str:
    """Digest of the package, ``sha256:...``: of its manifest, which covers content, name, revision and Component.toml."""
    return _image(package).descriptor.digest


def _image(package: Package) -> Bundle:
    if package.kind == COMPONENT:
        notes = bundle.notes(package.name, package.revision, package.manifest.encode())
        return bundle.image(_wasm_config(package), WASM_CONFIG, package.content, WASM, notes)
    config = dump({"format": "tflite", "layerDigests": [blobs.digest_of(package.content)]})
    return bundle.image(config, MODEL_CONFIG, package.content, TFLITE, bundle.notes(package.name, package.revision))


def unpack(package: Bundle) -> Package:
    """The package in a bundle. Raises PackageFormatError, ManifestError or ModelError."""
    manifest = blobs.parse(package.image, "the package's manifest")
    config, layer = bundle.parts(manifest)
    content = layer.check(package.content.get(layer.digest, b""))
    config.check(package.content.get(config.digest, b""))
    name, revision = bundle.title(manifest)
    attached = tuple((kind, one) for kind in (SBOM, PROVENANCE) for one in package.attachments(kind))
    signatures = tuple(package.attachments(SIGNATURE))
    if (config.media_type, layer.media_type) == (MODEL_CONFIG, TFLITE):
        model = Package(models.KIND, check_name(name), revision, content, "", signatures, attached)
        _check_size(model, MAX_BYTES)
        return model
    if (config.media_type, layer.media_type) != (WASM_CONFIG, WASM):
        raise PackageFormatError(f"{config.media_type} with {layer.media_type} is neither a component nor a model")
    text = _component_toml(package, bundle.policy_digest(manifest))
    return _component(Package(COMPONENT, name, revision, content, "", signatures, attached), text)


def largest(package: Bundle) -> int:
    """Bytes that its content may have, by the place that its Component.toml names; the content need not be there yet.

    Raises PackageFormatError, ManifestError.
    """
    if not package.attachments(COMPONENT_TOML):
        return MAX_BYTES
    text = _component_toml(package, bundle.policy_digest(blobs.parse(package.image, "the package's manifest")))
    return most(manifests.parse(_text(text)))


def _component(package: Package, text: bytes) -> Package:
    name, revision = package.name, package.revision
    declared = manifests.parse(_text(text))
    header = declared.component
    if (header.name, header.revision) != (name, revision):
        said = f"{header.name} revision {header.revision}"
        raise PackageFormatError(f"the package is {name} revision {revision}, its {manifests.FILE_NAME} says {said}")
    _check_size(package, most(declared))
    return replace(package, manifest=_text(text))


def _check_size(package: Package, limit: int) -> None:
    if len(package.content) > limit:
        raise PackageFormatError(f"{package.kind} {package.name}: {len(package.content)} bytes, at most {limit} are accepted")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise PackageFormatError(f"{manifests.FILE_NAME} is not UTF-8 text") from None


def _component_toml(package: Bundle, wanted: str | None) -> bytes:
    """The one that the package names; of one that names none, the only one there is."""
    found = package.attachments(COMPONENT_TOML)
    fitting = [one for one in found if wanted in (None, blobs.digest_of(one))]
    if not fitting:
        raise PackageFormatError(f"no {manifests.FILE_NAME} refers to the component")
    if len(fitting) > 1:
        raise PackageFormatError(f"{len(found)} attachments are {COMPONENT_TOML}; which of them counts is not said")
    return fitting[0]


def _wasm_config(package: Package) -> bytes:
    try:
        module = decode(package.content)
        imports = sorted({item.module for item in module.imports})
        exports = sorted(item.name for item in module.exports if item.kind == "func")
    except Malformed:
        # What it holds is told when it is a core module; admission is where anything else is refused.
        imports, exports = [], []
    facts = {"exports": exports, "imports": imports}
    layers = [blobs.digest_of(package.content)]
    return dump({"created": _CREATED, "architecture": "wasm", "os": "wasip1", "layerDigests": layers, "module": facts})
