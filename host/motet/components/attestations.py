# SPDX-License-Identifier: Apache-2.0
"""What is said of a package beside what is in it: bill of materials and provenance. Made here, checked here, shown from here.

Both name the digest of the package, and the author's signature covers both: one that was changed, taken from another package
or left out is found by ``motet.components.signature`` or by ``check`` below.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from motet.components import inputs, provenance
from motet.components import manifest as manifests
from motet.components.inputs import Inputs
from motet.components.oci.blobs import PackageFormatError
from motet.components.oci.bundle import PROVENANCE, SBOM
from motet.components.oci.contents import digest_of
from motet.components.packages import COMPONENT, Package

NAMES = {SBOM: "bill of materials", PROVENANCE: "provenance"}
SUFFIXES = {SBOM: ".cdx.json", PROVENANCE: ".provenance.json"}


def attest(package: Package, path: Path) -> Package:
    """The package from `path` with a bill of materials and provenance of its own. Raises BuildError."""
    if package.kind != COMPONENT:
        return with_inputs(package, Inputs())
    manifest = manifests.parse(package.manifest)
    if not path.is_dir():
        # A module was named itself: whatever lies beside it, it is taken as it is.
        return with_inputs(package, inputs.of_folder(path.parent, manifest.model_copy(update={"build": None})))
    found = inputs.of_folder(path, manifest)
    return with_inputs(package, found)


def with_inputs(package: Package, found: Inputs) -> Package:
    """The package with attestations that name these inputs, in place of those it had."""
    from motet.components import sbom  # a library that commands without packages have no use for

    digest = digest_of(package)
    made = ((SBOM, sbom.make(package, digest, found)), (PROVENANCE, provenance.make(package, digest, found)))
    return replace(package, attachments=made, signatures=())


def check(package: Package) -> None:
    """Refuse attestations that are of another package. Raises PackageFormatError."""
    from motet.components import sbom

    digest = digest_of(package)
    for media_type, document in package.attachments:
        fits = sbom.describes(document, package, digest) if media_type == SBOM else provenance.describes(document, digest)
        if not fits:
            raise PackageFormatError(f"{package.kind} {package.name}: its {NAMES[media_type]} is of another package")


def summary(package: Package) -> dict[str, Any]:
    """{"sbom": ..., "provenance": ...} in short, None for what there is not. Raises PackageFormatError."""
    from motet.components import sbom

    there = dict(package.attachments)
    bill, origin = there.get(SBOM), there.get(PROVENANCE)
    return {
        "sbom": sbom.summary(bill) if bill is not None else None,
        "provenance": provenance.summary(origin) if origin is not None else None,
    }
