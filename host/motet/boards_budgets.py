# SPDX-License-Identifier: Apache-2.0
"""The schema of ``boards/<board>/budgets.toml``: limits that are never crossed, and figures that must not get worse unseen."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Figure = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Positive = Annotated[float, Field(gt=0)]
# How much worse than expected a figure may be before the benches fail, in per cent.
TOLERANCE, KERNEL_TOLERANCE = 10, 3
# Of every other figure, less is better.
MORE_IS_BETTER = frozenset({"heap", "heap_free", "idle_percent", "link_efficiency"})


class Limits(BaseModel):
    """What the product promises of the board. The build fails beyond the sizes, the benches beyond the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flash: Annotated[int, Field(gt=0)]
    """Image in flash, initialised data included: at most so many bytes."""
    static_ram: Annotated[int, Field(gt=0)]
    """All RAM that is not GC heap, data and stacks: at most so many bytes."""
    heap_free: Annotated[int, Field(gt=0)]
    """GC heap free after boot with the link up: at least so many bytes."""
    boot_instructions: Annotated[int, Field(gt=0)] | None = None
    """From power-on until server/discover is answered, at most."""
    idle_percent: Annotated[float, Field(gt=0, le=100)] | None = None
    """Share of the time that the idle board sleeps, at least."""
    link_efficiency: Annotated[float, Field(gt=0, le=100)] | None = None
    """What the framed link leaves of the bare UART's throughput: payload by bytes on the wire in per cent, at least."""


class Budgets(BaseModel):
    """One budgets.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limits
    expect: dict[Figure, Positive] = {}
    """Figures as last measured; the benches fail when one is worse by more than TOLERANCE per cent."""
    kernels: dict[Figure, Positive] = {}
    """Instructions of the models' kernels as last measured; KERNEL_TOLERANCE per cent."""


def exceeded(budgets: Budgets, figures: Mapping[str, object]) -> list[str]:
    """A sentence for each figure that breaks a limit or is worse than expected by more than its tolerance.

    figures: measured values by the names in budgets.toml. Names that budgets.toml does not know and budgets that were not
    measured are nothing to complain about.
    """
    limits = {name: value for name, value in budgets.limit.model_dump().items() if value is not None}
    tables = ((limits, 0, "limit"), (budgets.expect, TOLERANCE, "expect"), (budgets.kernels, KERNEL_TOLERANCE, "kernels"))
    return [
        f"{name} is {value:g}, {table} in budgets.toml says {bound:g}" + (f" and allows {percent} % more" if percent else "")
        for bounds, percent, table in tables
        for name, bound in bounds.items()
        if isinstance(value := figures.get(name), int | float) and _worse(name, value, bound, percent)
    ]


def _worse(name: str, value: float, bound: float, percent: int) -> bool:
    if name in MORE_IS_BETTER:
        return value < bound * (100 - percent) / 100
    return value > bound * (100 + percent) / 100
