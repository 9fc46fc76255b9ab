# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of a package: CycloneDX 1.6 in JSON, the same bytes for the same package and inputs."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

from motet.components.inputs import File, Inputs, Named
from motet.components.oci import blobs
from motet.components.packages import COMPONENT, Package

# When it was made would make each one another; it says what a package is, not when somebody looked.
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_PACKAGE = "motet:package"


def make(package: Package, digest: str, inputs: Inputs) -> bytes:
    """The bill of materials. `digest`: of the package, ``sha256:...``."""
    kind = ComponentType.APPLICATION if package.kind == COMPONENT else ComponentType.MACHINE_LEARNING_MODEL
    main = Component(
        name=package.name, version=str(package.revision), type=kind, bom_ref="package", hashes=[_hash(_sha256(package.content))]
    )
    tools = ToolRepository(components=[_named(tool, ComponentType.APPLICATION) for tool in inputs.tools])
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, digest + _sha256(repr(inputs).encode())),
        metadata=BomMetaData(component=main, tools=tools, timestamp=_NO_TIME, properties=[Property(name=_PACKAGE, value=digest)]),
        components=[*map(_file, inputs.sources), *(_named(one, ComponentType.LIBRARY) for one in inputs.wit)],
    )
    bom.register_dependency(main, bom.components)
    return blobs.dump(blobs.parse(JsonV1Dot6(bom).output_as_string().encode(), "the bill of materials"))


def describes(document: bytes, package: Package, digest: str) -> bool:
    """Whether it is the bill of materials of this package. Raises PackageFormatError for what is none at all."""
    bom = blobs.parse(document, "the bill of materials")
    metadata = _dict(bom.get("metadata"))
    main = _dict(metadata.get("component"))
    named = (main.get("name"), main.get("version")) == (package.name, str(package.revision))
    same = {"alg": "SHA-256", "content": _sha256(package.content)} in _list(main.get("hashes"))
    return named and same and {"name": _PACKAGE, "value": digest} in _list(metadata.get("properties"))


def summary(document: bytes) -> dict[str, Any]:
    """What it says, in short: format, source files, WIT packages, tools."""
    bom = blobs.parse(document, "the bill of materials")
    parts = [_dict(part) for part in _list(bom.get("components"))]
    tools = _list(_dict(_dict(bom.get("metadata")).get("tools")).get("components"))
    return {
        "format": f"{bom.get('bomFormat', '')} {bom.get('specVersion', '')}",
        "files": sum(part.get("type") == "file" for part in parts),
        "wit": sorted(_title(part) for part in parts if part.get("type") == "library"),
        "tools": sorted(_title(_dict(tool)) for tool in tools),
    }


def _file(file: File) -> Component:
    return Component(name=file.path, type=ComponentType.FILE, bom_ref=f"file:{file.path}", hashes=[_hash(file.sha256)])


def _named(one: Named, kind: ComponentType) -> Component:
    return Component(name=one.name, version=one.version or None, type=kind, bom_ref=f"{kind.value}:{one.name}@{one.version}")


def _hash(digest: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=digest)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _title(part: dict[str, Any]) -> str:
    return f"{part.get('name', '?')} {part.get('version', '')}".strip()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
