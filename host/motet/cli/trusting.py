# SPDX-License-Identifier: Apache-2.0
"""Keys and whom to trust: keygen, trust; and policy, what the gateway allows."""

from __future__ import annotations

import functools
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from motet.cli.attempt import attempt
from motet.cli.console import emit, say, show, table
from motet.cli.options import ConfigFile, DryRun, Json, configuration, reporting
from motet.trust import PublicKey, TrustStore, create

trust = typer.Typer(help="The keys whose signatures the gateway of this configuration accepts.", no_args_is_help=True)
policy = typer.Typer(help="What the gateway allows.", no_args_is_help=True)


def key_path(name: str) -> Path:
    """Where `motet keygen NAME` puts a key."""
    return Path.home() / ".config" / "motet" / "keys" / f"{name}.pem"


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
    added = not dry_run and _keeping().trust_key(settings, name, public)
    facts = {"name": name, "fingerprint": public.fingerprint, "added": added}
    emit(facts, as_json, lambda: show(f"{name} ({public.fingerprint}) {'is' if added or not dry_run else 'would be'} trusted"))


@trust.command("remove")
@reporting
def trust_remove(name: str, config: ConfigFile = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Trust a key no longer. What it signed and runs already is not stopped."""
    settings = configuration(config)
    if not dry_run:
        with _keeping().audit_of(settings) as audit:
            if attempt(lambda: TrustStore(settings.trust_dir).remove(name)):
                audit.append("operator", "trust.remove", f"key/{name}", "done")
    emit({"name": name, "removed": not dry_run}, as_json, lambda: show(f"{name} is {'still' if dry_run else 'not'} trusted"))


def _keeping() -> ModuleType:
    """The database and what is opened with it: only what changes something pays for it."""
    from motet.cli import keeping

    return keeping


@policy.command("show")
@reporting
def policy_show(config: ConfigFile = None, as_json: Json = False) -> None:
    """Print the policies in force."""
    from motet.policy.engine import DEFAULT

    files = configuration(config).policy.files or [DEFAULT]
    texts = {str(path): attempt(functools.partial(path.read_text, "utf-8")) for path in files}
    found = [{"file": file, "text": text} for file, text in texts.items()]
    emit(found, as_json, lambda: show("\n".join(texts.values())))


def register(app: typer.Typer) -> None:
    """Add this module's commands to `app`."""
    app.command()(keygen)
    app.add_typer(trust, name="trust")
    app.add_typer(policy, name="policy")
