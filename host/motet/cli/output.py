# SPDX-License-Identifier: Apache-2.0
"""How commands are to print: ``-o text|json|yaml`` and ``-v``, before or behind the command's name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Annotated, Any, get_args

import typer


class Format(StrEnum):
    """What standard output is for: people, or programs."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


_FORMAT: ContextVar[Format | None] = ContextVar("format", default=None)
_VERBOSE: ContextVar[int] = ContextVar("verbose", default=0)
_SHORT, _HELP = "-o", "How to print: for people, or as data."
# Names of the parameters that `accepting` adds to a command.
_ADDED, _SAID = "output_format_", "verbose_"


def defaults(form: Format | None, verbose: int) -> None:
    """What was asked for before the command's name."""
    _FORMAT.set(form)
    _VERBOSE.set(verbose)


def yaml_wanted() -> bool:
    """Whether data is to be printed as YAML."""
    return _FORMAT.get() is Format.YAML


def verbosity() -> int:
    """How often -v was said."""
    return _VERBOSE.get()


def accepting(command: Callable[..., None], run: Callable[..., None]) -> inspect.Signature:
    """The signature of `command` with -v, and with -o where it prints data (where it takes ``as_json``)."""
    signature = inspect.signature(command, eval_str=True)
    shorts = () if file_option(signature) else (_SHORT,)
    form = Annotated[Format | None, typer.Option("--format", *shorts, help=_HELP, show_default=False)]
    more = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more.", show_default=False)]
    added = [inspect.Parameter(_SAID, inspect.Parameter.KEYWORD_ONLY, default=0, annotation=more)]
    if "as_json" in signature.parameters:
        added.insert(0, inspect.Parameter(_ADDED, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=form))
    return signature.replace(parameters=[*signature.parameters.values(), *added])


@functools.cache
def file_option(signature: inspect.Signature) -> str | None:
    """The parameter that has taken ``-o`` for a file to write."""
    for name, parameter in signature.parameters.items():
        if any(_SHORT in (getattr(extra, "param_decls", None) or ()) for extra in get_args(parameter.annotation)):
            return name
    return None


@contextmanager
def chosen(signature: inspect.Signature, given: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The command's own arguments out of those `given`, while what they say of printing holds.

    ``-o json`` behind a command whose ``-o`` names a file means the form, too: nobody calls a package or a key "json".
    """
    form, more = given.pop(_ADDED, None), given.pop(_SAID, 0)
    file = file_option(signature)
    optional = file is not None and signature.parameters[file].default is None
    if file is not None and optional and str(given.get(file)) in tuple(Format):
        form = form or Format(str(given.pop(file)))
        given[file] = None
    form = form or _FORMAT.get()
    if "as_json" in signature.parameters:
        given["as_json"] = form in (Format.JSON, Format.YAML) or bool(given.get("as_json") and form is None)
    before = _FORMAT.set(form), _VERBOSE.set(max(more, _VERBOSE.get()))
    try:
        yield given
    finally:
        _FORMAT.reset(before[0])
        _VERBOSE.reset(before[1])
