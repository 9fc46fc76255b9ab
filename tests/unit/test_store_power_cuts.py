# SPDX-License-Identifier: Apache-2.0
"""A fixed sample of the power cuts that `make soak` does in full, two cuts in a row, and that the harness sees what is wrong."""

import pytest
from motet_native import store
from tests.support import power_cuts
from tests.support.power_cuts import BOARD, HOWS, Course, installs_course, state_of, values_course

EVERY = 61


@pytest.mark.parametrize("number", range(len(list(power_cuts.courses(1)))))
def test_every_sampled_cut_leaves_the_state_before_or_after(number: int) -> None:
    course = list(power_cuts.courses(40))[number]
    report = power_cuts.run(course, EVERY, number)
    assert report.failures == []
    assert report.cuts >= 20


def test_a_second_cut_right_after_the_first_loses_nothing_either() -> None:
    course = values_course(40, log=(3, 2048))
    flash = course.flash()
    for step in course.steps:
        kept = store.Store(flash, BOARD)
        before = state_of(kept)
        for cut, how in ((3, "random"), (1, "first"), (5, "second"), (0, "before")):
            flash.cut(cut, how, cut + 7)
            try:
                power_cuts.apply(kept, step)
            except store.Error as error:
                assert error.args[1] == "power"
            flash.power_on()
            kept = store.Store(flash, BOARD)
            assert state_of(kept) == before or _done(before, kept, step)
        power_cuts.apply(kept, step)


def _done(before: power_cuts.State, kept: store.Store, step: power_cuts.Step) -> bool:
    """Whether the only difference is the step's own."""
    values, old = dict(state_of(kept)[0]), dict(before[0])
    wanted = step[3] if step[0] == "put" else None
    same = {key: value for key, value in values.items() if key != step[1:3]}
    return values.get((step[1], step[2].encode())) == wanted and {
        key: value for key, value in same.items() if key != (step[1], step[2].encode())
    } == {key: value for key, value in old.items() if key != (step[1], step[2].encode())}


def test_a_cut_while_the_very_first_sector_is_opened_leaves_an_empty_store() -> None:
    for how in HOWS:
        for at in range(12):
            flash = Course("blank", []).flash()
            kept = store.Store(flash, BOARD)
            flash.cut(at, how, at + 1)
            with pytest.raises(store.Error):
                kept.put("n", "k", b"value")
            flash.power_on()
            kept = store.Store(flash, BOARD)
            assert kept.get("n", "k") in (None, b"value")
            kept.put("n", "k", b"value")
            assert store.Store(flash, BOARD).get("n", "k") == b"value"


def test_the_harness_sees_a_state_that_is_neither() -> None:
    course = installs_course()
    flash = course.flash()
    state = state_of(store.Store(flash, BOARD))
    cut = (10**9, "before", 1)
    problem = power_cuts._problem(flash, ("put", "one", "key", b"value"), cut, (state, state))
    assert problem is not None and "neither" in problem
