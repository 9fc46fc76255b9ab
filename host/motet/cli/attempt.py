# SPDX-License-Identifier: Apache-2.0
"""Refusals of the libraries as messages of the command line. Light: what refuses is imported by whoever calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from motet.cli.console import Exit, FatalError

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T:
    """`work()`, its refusals as messages of the command line."""
    try:
        return work()
    except OSError as error:
        raise FatalError(f"{error.filename}: {error.strerror}") from error
    except Exception as error:
        if refuses(error):
            raise FatalError(str(error), Exit.USAGE) from error
        raise


def refuses(error: Exception) -> bool:
    """Whether it is a refusal of a package, a model or a key, and no fault of ours."""
    from motet.components.errors import ComponentError
    from motet.models import ModelError
    from motet.trust.errors import TrustError

    return isinstance(error, ComponentError | ModelError | TrustError)
