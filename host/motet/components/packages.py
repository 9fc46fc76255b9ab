# SPDX-License-Identifier: Apache-2.0
"""What an author hands over: a component's folder, a module with its manifest beside it, a ``.tflite`` model or an archive.

A package is read where the files are (the command line), travels as plain data and is accepted where the devices are (the
gateway): ``read`` -> ``upload`` -> ``from_upload`` -> ``accept``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from motet import models
from motet.components import manifest as manifests
from motet.components import tools, wholes
from motet.components.admission import Admitted, Progress, Target, admit
from motet.components.build import module_bytes
from motet.components.errors import ComponentError
from motet.models.inspection import MAX_BYTES, check_name

COMPONENT = "component"
Artifact = Admitted | models.Model


class PackageError(ComponentError):
    """A file is missing or of no known kind, or an upload is not what ``upload`` makes."""


@dataclass(frozen=True)
class Package:
    """One artifact before it is checked. ``manifest`` is the text of Component.toml, empty for a model.

    ``signatures`` are those of its author and of others (``motet.components.signature``), ``attachments`` what is said of it
    (media type and bytes: ``motet.components.attestations``); nothing here looks into them.
    """

    kind: str
    name: str
    revision: int
    content: bytes
    manifest: str = ""
    signatures: tuple[bytes, ...] = ()
    attachments: tuple[tuple[str, bytes], ...] = ()

    def upload(self) -> dict[str, Any]:
        """The package as JSON data."""
        header = {"manifest": self.manifest} if self.kind == COMPONENT else {"name": self.name, "revision": self.revision}
        more: dict[str, Any] = {"signatures": [_coded(one) for one in self.signatures]} if self.signatures else {}
        if self.attachments:
            more["attachments"] = [{"type": kind, "content": _coded(one)} for kind, one in self.attachments]
        return {"kind": self.kind, **header, "content": _coded(self.content), **more}


class _Attachment(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["application/vnd.cyclonedx+json", "application/vnd.in-toto+json"]
    content: Annotated[str, Field(max_length=(256 << 10) * 4 // 3 + 4)]


class _Upload(BaseModel):
    model_config = ConfigDict(extra="forbid")
    content: Annotated[str, Field(max_length=MAX_BYTES * 4 // 3 + 4)]
    signatures: Annotated[list[Annotated[str, Field(max_length=4096)]], Field(max_length=8)] = []
    attachments: Annotated[list[_Attachment], Field(max_length=8)] = []

    def signed(self) -> tuple[bytes, ...]:
        return tuple(_decoded(one, "signatures") for one in self.signatures)

    def attached(self) -> tuple[tuple[str, bytes], ...]:
        return tuple((one.type, _decoded(one.content, "attachments")) for one in self.attachments)


class _ComponentUpload(_Upload):
    kind: Literal["component"]
    manifest: Annotated[str, Field(max_length=64 * 1024)]
    content: Annotated[str, Field(max_length=wholes.MAX_BYTES * 4 // 3 + 4)]


class _ModelUpload(_Upload):
    kind: Literal["model"]
    name: str
    revision: Annotated[int, Field(ge=0, le=(1 << 32) - 1)] = 1


def read(path: Path, name: str | None = None, revision: int | None = None) -> Package:
    """The package at ``path``; a component is compiled when its module is missing or older than its sources.

    ``name`` and ``revision`` are for models only: a component's stand in its manifest. Raises ComponentError or ModelError.
    """
    if path.is_dir() or path.suffix == ".wasm":
        if name is not None or revision is not None:
            raise PackageError(f"{path}: name and revision of a component stand in its {manifests.FILE_NAME}")
        return _component(path)
    if path.suffix == ".tflite":
        return Package(models.KIND, check_name(name or path.stem), 1 if revision is None else revision, _bytes(path))
    missing = "" if path.exists() else "no such file or folder; "
    raise PackageError(f"{path}: {missing}expected a .tflite model, a .wasm module or a component's folder")


def _component(path: Path) -> Package:
    if not path.exists():
        raise PackageError(f"{path}: no such file")
    folder = path if path.is_dir() else path.parent
    declared = manifests.load(folder)
    content = module_bytes(folder, declared) if path.is_dir() else _bytes(path, most(declared))
    text = (folder / manifests.FILE_NAME).read_text("utf-8")
    if declared.component.wit:
        content = tools.embed(content, _contract(folder / declared.component.wit))
    return Package(COMPONENT, declared.component.name, declared.component.revision, content, text)


def _contract(path: Path) -> str:
    """The text of a contract, which travels inside the module."""
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError as error:
        raise PackageError(f"{path}: not UTF-8 text (byte {error.start})") from None


def most(declared: manifests.Manifest) -> int:
    """Bytes that a component's content may have, by the place that it is for."""
    return wholes.MAX_BYTES if declared.gateway_only else MAX_BYTES


def _bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise PackageError(f"{path}: {error.strerror}") from None
    if len(content) > limit:
        raise PackageError(f"{path}: more than {limit} bytes, which no device accepts")
    return content


def from_upload(data: Any) -> Package:
    """The opposite of ``Package.upload``, for data from outside. Raises PackageError, ManifestError or ModelError."""
    kind = data.get("kind") if isinstance(data, dict) else None
    try:
        if kind == models.KIND:
            model = _ModelUpload.model_validate(data)
            name, content = check_name(model.name), _decoded(model.content)
            return Package(models.KIND, name, model.revision, content, "", model.signed(), model.attached())
        if kind != COMPONENT:
            raise PackageError(f"the upload is refused: kind: {kind!r:.40} is neither 'component' nor 'model'")
        upload = _ComponentUpload.model_validate(data)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors()]
        raise PackageError("the upload is refused: " + "; ".join(problems)) from None
    declared = manifests.parse(upload.manifest)
    header = declared.component
    content = _decoded(upload.content)
    if len(content) > most(declared):
        raise PackageError(f"the upload is refused: content: {len(content)} bytes, at most {most(declared)} are accepted")
    return Package(COMPONENT, header.name, header.revision, content, upload.manifest, upload.signed(), upload.attached())


def _coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str, key: str = "content") -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise PackageError(f"the upload is refused: {key}: not base64: {error}") from None


def accept(package: Package, target: Target | None = None, progress: Progress | None = None) -> Artifact:
    """An artifact devices may have: an admitted component or an inspected model.

    Raises AdmissionError, ManifestError, BuildError or ModelError. Starts child processes: call it in a thread from a coroutine.
    """
    if package.kind == COMPONENT:
        declared = manifests.parse(package.manifest)
        work = wholes.admit if declared.gateway_only else admit
        return work(package.content, declared, target, progress)
    return models.inspect(package.content, package.name, package.revision)
