# SPDX-License-Identifier: Apache-2.0
"""How a package was made: an in-toto statement with SLSA provenance v1 as its predicate.

It is made on the author's machine and counts because the author's signature covers it: SLSA build level 1, no more. Nothing in
it depends on when or in which folder, so that equal builds have equal provenance.
"""

from __future__ import annotations

from typing import Any

from motet import __version__
from motet.components.inputs import Inputs
from motet.components.oci import blobs
from motet.components.packages import Package

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILDER = "urn:motet:build"
COMPILED, TAKEN = "urn:motet:build:compiled:1", "urn:motet:build:as-given:1"


def make(package: Package, digest: str, inputs: Inputs) -> bytes:
    """The statement. `digest`: of the package, ``sha256:...``."""
    header = {"kind": package.kind, "name": package.name, "revision": package.revision}
    sources = [{"name": file.path, "digest": {"sha256": file.sha256}} for file in inputs.sources]
    packages = [{"uri": f"wit:{one.name}{'@' if one.version else ''}{one.version}", "name": one.name} for one in inputs.wit]
    definition = {
        "buildType": COMPILED if inputs.command else TAKEN,
        "externalParameters": header,
        "internalParameters": {"command": list(inputs.command)},
        "resolvedDependencies": [*sources, *packages],
    }
    versions = {tool.name: tool.version for tool in inputs.tools}
    run = {"builder": {"id": BUILDER, "version": {"motet": __version__, **versions}}, "metadata": {}}
    return blobs.dump(
        {
            "_type": STATEMENT,
            "subject": [{"name": package.name, "digest": _subject(digest)}],
            "predicateType": PREDICATE,
            "predicate": {"buildDefinition": definition, "runDetails": run},
        }
    )


def describes(document: bytes, digest: str) -> bool:
    """Whether it is the provenance of the package with this digest. Raises PackageFormatError for what is none at all."""
    said = blobs.parse(document, "the provenance")
    subject = said.get("subject")
    named = [one.get("digest") for one in subject if isinstance(one, dict)] if isinstance(subject, list) else []
    return (said.get("_type"), said.get("predicateType")) == (STATEMENT, PREDICATE) and _subject(digest) in named


def summary(document: bytes) -> dict[str, Any]:
    """What it says, in short: builder, how, command, materials."""
    predicate = _dict(blobs.parse(document, "the provenance").get("predicate"))
    definition, run = _dict(predicate.get("buildDefinition")), _dict(predicate.get("runDetails"))
    builder = _dict(run.get("builder"))
    materials = definition.get("resolvedDependencies")
    command = _dict(definition.get("internalParameters")).get("command")
    return {
        "builder": str(builder.get("id", "")),
        "versions": {str(name): str(version) for name, version in _dict(builder.get("version")).items()},
        "build": str(definition.get("buildType", "")),
        "command": " ".join(map(str, command)) if isinstance(command, list) else "",
        "materials": len(materials) if isinstance(materials, list) else 0,
    }


def _subject(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
