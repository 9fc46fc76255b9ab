# SPDX-License-Identifier: Apache-2.0
"""`motet audit`: who did what, whether it was allowed, and whether anybody changed these entries."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from motet.cli.console import FatalError, emit, emit_json, show
from motet.cli.keeping import audit_of
from motet.cli.options import ConfigFile, Json, configuration, reporting
from motet.policy import Audit, Entry
from motet.policy import audit as records

_POLL_S = 0.5


@reporting
def audit(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many of the last entries.")] = 50,
    action: Annotated[str | None, typer.Option(help="Only this action, such as install.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only this outcome: allowed, denied, done or failed.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as entries come, until Ctrl-C.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Compute the whole chain anew instead.")] = False,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show who did what and whether it was allowed, or check that nobody changed these entries."""
    wanted = {key: value for key, value in (("action", action), ("outcome", outcome)) if value}
    with audit_of(configuration(config)) as chain:
        if verify:
            _verify(chain, as_json)
            return
        last = _tell(chain.newest(limit, **wanted), as_json, 0)
        while follow:
            time.sleep(_POLL_S)
            last = _tell(chain.entries(last, **wanted), as_json, last)


def _verify(chain: Audit, as_json: bool) -> None:
    found = chain.verify()
    if found.broken_at is not None:
        raise FatalError(f"the audit is broken at entry {found.broken_at}: it was changed, or entries are missing")
    facts = {"entries": found.entries, "head": found.head}
    emit(facts, as_json, lambda: show(f"{found.entries} entries, none changed; head {found.head}"))


def _tell(entries: list[Entry], as_json: bool, last: int) -> int:
    """Prints the entries; the number of the last one there is."""
    for entry in entries:
        if as_json:
            emit_json(records.as_json(entry))
        else:
            show(_line(entry))
    return entries[-1].seq if entries else last


def _line(entry: Entry) -> str:
    reason = entry.detail.get("reason") or entry.detail.get("error") or ""
    return f"{entry.seq:>6}  {entry.at}  {entry.actor}  {entry.action}  {entry.subject}  {entry.outcome}  {reason}".rstrip()


def register(app: typer.Typer) -> None:
    """Add this module's command to `app`."""
    app.command()(audit)
