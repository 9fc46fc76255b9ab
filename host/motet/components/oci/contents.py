# SPDX-License-Identifier: Apache-2.0
"""Packages to bundles and back."""

from __future__ import annotations

from motet import models
from motet.components import manifest as manifests
from motet.components.oci import blobs, bundle
from motet.components.oci.blobs import PackageFormatError, digest_of, dump
from motet.components.oci.bundle import COMPONENT_TOML, MODEL_CONFIG, SIGNATURE, TFLITE, WASM, WASM_CONFIG, Bundle
from motet.components.packages import COMPONENT, Package
from motet.components.reader import Malformed
from motet.components.wasmfile import decode
from motet.models.inspection import check_name

# The CNCF layout asks for a time; a fixed one keeps equal packages equal.
_CREATED = "1970-01-01T00:00:00Z"


def pack(package: Package) -> Bundle:
    """The bundle of a package, its Component.toml and its signature. Equal packages give equal bytes."""
    if package.kind == COMPONENT:
        made = bundle.image(_wasm_config(package), WASM_CONFIG, package.content, WASM, package.name, package.revision)
        made = made.with_attachment(COMPONENT_TOML, package.manifest.encode())
    else:
        config = dump({"format": "tflite", "layerDigests": [digest_of(package.content)]})
        made = bundle.image(config, MODEL_CONFIG, package.content, TFLITE, package.name, package.revision)
    return made.with_attachment(SIGNATURE, package.signature) if package.signature else made


def unpack(package: Bundle) -> Package:
    """The package in a bundle. Raises PackageFormatError, ManifestError or ModelError."""
    manifest = blobs.parse(package.image, "the package's manifest")
    config, layer = bundle.parts(manifest)
    content = layer.check(package.content.get(layer.digest, b""))
    config.check(package.content.get(config.digest, b""))
    name, revision = bundle.title(manifest)
    signature = _one(package, SIGNATURE) or b""
    if (config.media_type, layer.media_type) == (MODEL_CONFIG, TFLITE):
        return Package(models.KIND, check_name(name), revision, content, signature=signature)
    if (config.media_type, layer.media_type) != (WASM_CONFIG, WASM):
        raise PackageFormatError(f"{config.media_type} with {layer.media_type} is neither a component nor a model")
    return _component(name, revision, content, _one(package, COMPONENT_TOML), signature)


def _component(name: str, revision: int, content: bytes, text: bytes | None, signature: bytes) -> Package:
    if text is None:
        raise PackageFormatError(f"no {manifests.FILE_NAME} refers to the component")
    try:
        declared = text.decode()
    except UnicodeDecodeError:
        raise PackageFormatError(f"{manifests.FILE_NAME} is not UTF-8 text") from None
    header = manifests.parse(declared).component
    if (header.name, header.revision) != (name, revision):
        said = f"{header.name} revision {header.revision}"
        raise PackageFormatError(f"the package is {name} revision {revision}, its {manifests.FILE_NAME} says {said}")
    return Package(COMPONENT, name, revision, content, declared, signature)


def _one(package: Bundle, media_type: str) -> bytes | None:
    found = package.attachments(media_type)
    if len(found) > 1:
        raise PackageFormatError(f"{len(found)} attachments are {media_type}; which of them counts is not said")
    return found[0] if found else None


def _wasm_config(package: Package) -> bytes:
    try:
        module = decode(package.content)
        imports = sorted({item.module for item in module.imports})
        exports = sorted(item.name for item in module.exports if item.kind == "func")
    except Malformed:
        # What it holds is told when it is a core module; admission is where anything else is refused.
        imports, exports = [], []
    facts = {"exports": exports, "imports": imports}
    layers = [digest_of(package.content)]
    return dump({"created": _CREATED, "architecture": "wasm", "os": "wasip1", "layerDigests": layers, "module": facts})
