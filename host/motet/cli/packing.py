# SPDX-License-Identifier: Apache-2.0
"""Packages as files: build, sign, verify."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from motet.cli.attempt import attempt
from motet.cli.console import FatalError, emit, progressing, show
from motet.cli.deploy import Source
from motet.cli.options import ConfigFile, DryRun, Json, configuration, reporting
from motet.components import attestations
from motet.components import build as compiling
from motet.components import manifest as manifests
from motet.components.attestations import SUFFIXES
from motet.components.errors import ComponentError
from motet.components.oci import archive
from motet.components.oci.contents import digest_of, pack
from motet.components.packages import Package
from motet.components.signature import Checked, checked
from motet.components.signature import signed as sign_package
from motet.components.sources import fetch
from motet.trust import PublicKey, TrustError, TrustStore, load
from motet.trust.files import replace

KeyFile = Annotated[Path, typer.Option("--key", help="Private key of `motet keygen`.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Archive to write (default: NAME.motet here).")]


@reporting
def build(source: Source = ".", output: Output = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Put a component or a model into one file, an archive of an OCI image layout.

    Bill of materials (CycloneDX) and provenance (SLSA v1, in-toto) are in it, and beside it as files of their own.
    """
    if not dry_run:
        attempt(lambda: _compiled(Path(source)))
    _write(_read(source, as_json), output, dry_run, as_json)


def _read(source: str, quiet: bool) -> Package:
    with progressing(f"reading {source}", quiet):
        return attempt(lambda: fetch(source, attest=True))


def _compiled(folder: Path) -> None:
    """Module and bindings in the folder of a component that is made of sources, for editors and the next time."""
    if folder.is_dir() and manifests.load(folder).build is not None:
        compiling.build(folder)


@reporting
def sign(source: Source, key: KeyFile, output: Output = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Sign a package as its author and put it into one file."""
    package = _read(source, as_json)
    _write(attempt(lambda: sign_package(package, load(key))), output, dry_run, as_json)


def _write(package: Package, output: Path | None, dry_run: bool, as_json: bool) -> None:
    path, bundle = output or Path(f"{package.name}{archive.SUFFIX}"), attempt(lambda: pack(package))
    beside = {path.with_name(f"{path.stem}{SUFFIXES[kind]}"): content for kind, content in package.attachments}
    if not dry_run:
        for file, content in (*beside.items(), (path, archive.dumps(bundle))):
            attempt(functools.partial(replace, file, content))
    digest = bundle.descriptor.digest
    facts = _facts(package) | {
        "file": str(path),
        "beside": [str(one) for one in beside],
        "digest": digest,
        "written": not dry_run,
    }
    words = "would write" if dry_run else "wrote"
    emit(facts, as_json, lambda: show(f"{words} {path}: {package.kind} {package.name} revision {package.revision}, {digest}"))


def _facts(package: Package) -> dict[str, Any]:
    header = {"kind": package.kind, "name": package.name, "revision": package.revision}
    return header | {"bytes": len(package.content), "signed": bool(package.signatures)}


@reporting
def verify(
    source: Source,
    key: Annotated[str | None, typer.Option("--key", help="Public key, instead of those trusted.", show_default=False)] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Check who signed a package, and what was attached to it.

    Ends with 1 when nobody signed it whom the gateway of this configuration trusts, or when anything was changed since.
    """
    package = attempt(lambda: fetch(source))
    try:
        found = _checked(package, key, configuration(config).trust_dir)
        attestations.check(found.package)
    except (ComponentError, TrustError) as error:
        raise FatalError(str(error)) from error
    if not found.publishers:
        raise FatalError(f"{package.kind} {package.name} is not signed")
    more = {"publisher": found.publishers[0], "publishers": list(found.publishers), "digest": digest_of(package)}
    facts = _facts(package) | more | attestations.summary(found.package)
    emit(facts, as_json, lambda: _show_verified(facts))


def _show_verified(facts: dict[str, Any]) -> None:
    who = " and ".join(facts["publishers"])
    show(f"{facts['kind']} {facts['name']} revision {facts['revision']} is signed by {who}")
    show(f"  digest      {facts['digest']}")
    bill, origin = facts["sbom"], facts["provenance"]
    if bill is not None:
        show(f"  materials   {bill['format']}: {bill['files']} files, {', '.join([*bill['wit'], *bill['tools']])}")
    if origin is not None:
        show(f"  provenance  {origin['build']} by {origin['builder']}: {origin['command'] or 'taken as it was'}")
    if bill is None and origin is None:
        show("  no bill of materials and no provenance; `motet build` makes both")


def _checked(package: Package, key: str | None, folder: Path) -> Checked:
    if key is None:
        return checked(package, TrustStore(folder))
    with tempfile.TemporaryDirectory() as scratch:
        store = TrustStore(Path(scratch))
        given = PublicKey.parse(key)
        store.add(given.fingerprint, given)
        return checked(package, store)


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (build, sign, verify):
        app.command()(command)
