# SPDX-License-Identifier: Apache-2.0
"""Kernels and our own models keep to their instructions on every emulated CPU; `tests/bench/bench_nn.py --budgets` sets them."""

from __future__ import annotations

import shutil

import pytest
from tests.support import nn_kernels
from tests.support.nn_kernels import nn_bare

pytestmark = pytest.mark.board


def test_every_kernel_has_a_budget_on_every_cpu() -> None:
    names = set(nn_kernels.kernels())
    assert {cpu: set(own) for cpu, own in nn_kernels.budgets().items()} == dict.fromkeys(nn_bare.CPUS, names)


@pytest.mark.parametrize("cpu", nn_bare.CPUS)
def test_no_kernel_is_more_than_three_percent_over_its_budget(cpu: str) -> None:
    own = nn_bare.CPUS[cpu]
    for program in (own.prefix + "gcc", own.emulator):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    found, allowed = nn_kernels.measured([cpu])[cpu], nn_kernels.budgets()[cpu]
    over = {name: (cost, allowed[name]) for name, cost in found.items() if cost > nn_kernels.SLACK * allowed[name]}
    assert over == {}, "instructions and budget; when this is meant: tests/bench/bench_nn.py --budgets"
