# SPDX-License-Identifier: Apache-2.0
"""Keys and signatures: keygen, build, sign, verify, trust; and policy, what the gateway allows."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from motet.cli.console import Exit, FatalError, emit, progressing, say, show, table
from motet.cli.keeping import audit_of, key_path, trust_key
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
from motet.models import ModelError
from motet.policy.engine import DEFAULT
from motet.trust import PublicKey, TrustError, TrustStore, create, load
from motet.trust.files import replace

T = TypeVar("T")
Source = Annotated[str, typer.Argument(help="A folder, a .wasm, .tflite or .motet file, an https:, git+…: or oci: address.")]
KeyFile = Annotated[Path, typer.Option("--key", help="Private key of `motet keygen`.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Archive to write (default: NAME.motet here).")]

trust = typer.Typer(help="The keys whose signatures the gateway of this configuration accepts.", no_args_is_help=True)
policy = typer.Typer(help="What the gateway allows.", no_args_is_help=True)


def attempt(work: Callable[[], T]) -> T:
    """`work()`, its refusals as messages of the command line."""
    try:
        return work()
    except (ComponentError, ModelError, TrustError) as error:
        raise FatalError(str(error), Exit.USAGE) from error
    except OSError as error:
        raise FatalError(f"{error.filename}: {error.strerror}") from error


@reporting
def keygen(
    name: Annotated[str, typer.Argument(help="What to call the key.")] = "author",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.", show_default=False)] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make a key to sign packages with. The private half stays in its file; the printed line is the public one."""
    path = output or key_path(name)
    if dry_run:
        taken = path.exists()
        words = f"{path} exists; a key is never overwritten" if taken else f"would write {path}"
        emit({"file": str(path), "public": "", "exists": taken}, as_json, lambda: show(words))
        return
    key = attempt(lambda: create(path)).public
    facts = {"file": str(path), "public": str(key), "fingerprint": key.fingerprint}
    if not as_json:
        say(f"written to {path}; let a gateway trust it with: motet trust add {name} {key}")
    emit(facts, as_json, lambda: show(str(key)))


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


@trust.command("list")
@reporting
def trust_list(config: ConfigFile = None, as_json: Json = False) -> None:
    """List the trusted keys."""
    store = TrustStore(configuration(config).trust_dir)
    found = attempt(lambda: [{"name": name, "fingerprint": key.fingerprint, "public": str(key)} for name, key in store])
    rows = [[row["name"], row["fingerprint"], row["public"]] for row in found]
    emit(found, as_json, lambda: table(("NAME", "FINGERPRINT", "KEY"), rows, "No key is trusted."))


@trust.command("add")
@reporting
def trust_add(name: str, key: str, config: ConfigFile = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Trust a public key, the line that `motet keygen` prints."""
    settings = configuration(config)
    public = attempt(lambda: PublicKey.parse(key))
    added = not dry_run and trust_key(settings, name, public)
    facts = {"name": name, "fingerprint": public.fingerprint, "added": added}
    emit(facts, as_json, lambda: show(f"{name} ({public.fingerprint}) {'is' if added or not dry_run else 'would be'} trusted"))


@trust.command("remove")
@reporting
def trust_remove(name: str, config: ConfigFile = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Trust a key no longer. What it signed and runs already is not stopped."""
    settings = configuration(config)
    if not dry_run:
        with audit_of(settings) as audit:
            if attempt(lambda: TrustStore(settings.trust_dir).remove(name)):
                audit.append("operator", "trust.remove", f"key/{name}", "done")
    emit({"name": name, "removed": not dry_run}, as_json, lambda: show(f"{name} is {'still' if dry_run else 'not'} trusted"))


@policy.command("show")
@reporting
def policy_show(config: ConfigFile = None, as_json: Json = False) -> None:
    """Print the policies in force."""
    files = configuration(config).policy.files or [DEFAULT]
    texts = {str(path): attempt(functools.partial(path.read_text, "utf-8")) for path in files}
    found = [{"file": file, "text": text} for file, text in texts.items()]
    emit(found, as_json, lambda: show("\n".join(texts.values())))


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    for command in (keygen, build, sign, verify):
        app.command()(command)
    app.add_typer(trust, name="trust")
    app.add_typer(policy, name="policy")
