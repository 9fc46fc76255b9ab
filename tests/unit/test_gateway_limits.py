# SPDX-License-Identifier: Apache-2.0
"""Token buckets and limits by a clock that the test turns; nothing is lost or kept for ever, whoever comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.config import Limits
from motet.gateway.buckets import Bucket, Buckets
from motet.gateway.callers import unnamed
from motet.gateway.lag import LOOKS, Lag
from motet.gateway.limits import Limiter, Shed

FREE = Limits.none()


def limits(**settings):
    return FREE.model_copy(update=settings)


def refused(limiter, caller="ann", now=0.0):
    with pytest.raises(Shed) as caught:
        limiter.enter(caller, now)
    return caught.value


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate():
    bucket = Bucket(2.0, 3, 10.0)
    assert [bucket.take(10.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(10.0) == 0.5
    assert bucket.take(10.25) == 0.25
    assert bucket.take(10.5) == 0.0
    assert [bucket.take(1000.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(1000.0) > 0


def test_a_clock_that_goes_back_gives_nothing():
    bucket = Bucket(1.0, 1, 10.0)
    assert bucket.take(10.0) == 0.0
    assert bucket.take(5.0) == 1.0
    assert bucket.take(10.5) == 0.5


def test_a_rate_of_nothing_is_no_limit():
    bucket = Bucket(0.0, 1, 0.0)
    assert not any(bucket.take(0.0) for _ in range(1000))


@given(st.lists(st.floats(0, 2), max_size=80), st.floats(0.1, 50), st.integers(1, 10))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_never_more_than_burst_and_rate_allow_and_who_waits_as_told_gets_in(steps, rate, burst):
    bucket, now, granted = Bucket(rate, burst, 0.0), 0.0, 0
    for step in steps:
        now += step
        wait_s = bucket.take(now)
        granted += not wait_s
        assert granted <= burst + rate * now + 1e-6
        if wait_s:
            now += wait_s * (1 + 1e-9) + 1e-9
            assert bucket.take(now) == 0.0
            granted += 1


def test_names_have_buckets_of_their_own_and_a_flood_of_names_is_forgotten():
    buckets = Buckets(1.0, 1, {"slow": 0.5}, kept=100)
    assert buckets.take("pump", 0.0) == 0.0
    assert buckets.take("pump", 0.0) == 1.0
    assert buckets.take("valve", 0.0) == 0.0
    assert [buckets.take("slow", 0.0), buckets.take("slow", 0.0)] == [0.0, 2.0]
    for number in range(10_000):
        buckets.take(f"x{number}", 0.0)
    assert len(buckets) == 100


def test_a_caller_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_hurt():
    limiter = Limiter(limits(caller_per_s=4.0, caller_burst=2))
    for _ in range(2):
        limiter.enter("ann", 0.0).leave()
    shed = refused(limiter)
    assert (shed.caller, shed.reason, shed.limit, shed.retry_after_s) == (True, "caller_rate", "limits.caller_per_s", 0.25)
    limiter.enter("bob", 0.0).leave()
    limiter.enter("ann", 0.25).leave()


def test_requests_under_way_are_limited_for_each_caller_and_in_all():
    limiter = Limiter(limits(caller_at_once=2, at_once=3))
    visits = [limiter.enter("ann", 0.0), limiter.enter("ann", 0.0)]
    assert refused(limiter).reason == "caller_requests"
    visits.append(limiter.enter("bob", 0.0))
    shed = refused(limiter, "cid")
    assert (shed.caller, shed.reason) == (False, "gateway_requests")
    for visit in visits:
        visit.leave()
        visit.leave()
    assert limiter.under_way == 0
    limiter.enter("ann", 0.0)


def test_what_is_refused_for_being_under_way_costs_no_token():
    limiter = Limiter(limits(caller_at_once=1, caller_per_s=1.0, caller_burst=2))
    first = limiter.enter("ann", 0.0)
    assert [refused(limiter).reason for _ in range(5)] == ["caller_requests"] * 5
    first.leave()
    limiter.enter("ann", 0.0)


def test_listeners_are_no_requests_under_way_and_have_limits_of_their_own():
    limiter = Limiter(limits(caller_at_once=1, caller_listeners=2, listeners=3))
    visits = [limiter.enter("ann", 0.0) for _ in range(1)]
    visits[0].listen()
    visits[0].listen()
    visits.append(limiter.enter("ann", 0.0))
    visits[1].listen()
    third = limiter.enter("ann", 0.0)
    with pytest.raises(Shed) as caught:
        third.listen()
    assert caught.value.reason == "caller_listeners"
    third.leave()
    visits.append(limiter.enter("bob", 0.0))
    visits[2].listen()
    other = limiter.enter("cid", 0.0)
    with pytest.raises(Shed) as caught:
        other.listen()
    assert caught.value.reason == "gateway_listeners"
    for visit in [other, *visits]:
        visit.leave()
    assert (limiter.under_way, limiter.listening) == (0, 0)


def test_sessions_count_from_their_opening_to_their_end_and_not_at_all_when_nothing_came_of_them():
    limiter = Limiter(limits(caller_sessions=1))
    first = limiter.enter("ann", 0.0)
    first.opens()
    closed = first.opened()
    first.leave()
    second = limiter.enter("ann", 0.0)
    with pytest.raises(Shed) as caught:
        second.opens()
    assert caught.value.reason == "caller_sessions"
    assert second.opened() is None
    second.leave()
    closed()
    failed = limiter.enter("ann", 0.0)
    failed.opens()
    failed.leave()
    # It was answered already when the session got to know of itself.
    assert failed.opened() is None
    third = limiter.enter("ann", 0.0)
    third.opens()
    third.leave()
    assert not limiter._busy


def test_bytes_of_bodies_are_counted_together_and_given_back():
    limiter = Limiter(limits(body_bytes=100))
    one, two = limiter.enter("ann", 0.0), limiter.enter("bob", 0.0)
    one.hold(60)
    with pytest.raises(Shed) as caught:
        two.hold(41)
    assert caught.value.reason == "gateway_memory"
    two.leave()
    assert limiter.bytes_held == 60
    one.leave()
    assert limiter.bytes_held == 0


def test_a_gateway_that_is_late_lets_nobody_new_in():
    late = [0.0]
    limiter = Limiter(limits(lag_s=1.0), lambda: late[0])
    limiter.enter("ann", 0.0).listen()
    late[0] = 1.5
    assert refused(limiter).reason == "gateway_lag"
    assert limiter.listening == 1
    late[0] = 0.5
    limiter.enter("ann", 0.0)


def test_one_pause_is_no_lag_but_pause_after_pause_is():
    lag = Lag()
    lag.note(30.0)
    assert lag.late_s == 0.0
    for _ in range(LOOKS - 1):
        lag.note(2.0)
    assert lag.late_s == 2.0
    lag.note(0.01)
    assert lag.late_s == 0.01


def test_a_flood_of_callers_does_not_grow_and_those_who_are_busy_are_not_forgotten():
    limiter = Limiter(limits(caller_per_s=1.0, caller_burst=1, caller_at_once=1), kept=50)
    busy = limiter.enter("busy", 0.0)
    for number in range(5000):
        limiter.enter(f"x{number}", 0.0).leave()
        if number % 3 == 0:
            refused(limiter, f"x{number}")
    assert len(limiter) == 51
    assert refused(limiter, "busy").reason == "caller_requests"
    busy.leave()
    assert refused(limiter, "busy").reason == "caller_rate"


@given(st.lists(st.tuples(st.sampled_from("elxh"), st.sampled_from(["ann", "bob", "cid"])), max_size=80))
@settings(derandomize=True, max_examples=150, deadline=None)
def test_whatever_comes_and_goes_the_counts_are_those_of_what_is_open(steps):
    limiter = Limiter(limits(caller_at_once=3, at_once=5, caller_listeners=2, listeners=3, body_bytes=20), kept=2)
    requests, listeners = [], []
    for step, (action, caller) in enumerate(steps):
        try:
            if action == "e":
                requests.append(limiter.enter(caller, float(step)))
            elif action == "l" and requests:
                requests[-1].listen()
                listeners.append(requests.pop())
            elif action == "h" and requests:
                requests[-1].hold(7)
            elif action == "x" and (requests or listeners):
                (requests or listeners).pop(0).leave()
        except Shed:
            pass
        assert (limiter.under_way, limiter.listening) == (len(requests), len(listeners))
        assert limiter.under_way <= 5 and limiter.listening <= 3 and 0 <= limiter.bytes_held <= 20 and len(limiter) <= 2 + 3
    for visit in requests + listeners:
        visit.leave()
    assert (limiter.under_way, limiter.listening, limiter.bytes_held) == (0, 0, 0)


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("192.0.2.7", "anonymous@192.0.2.7"),
        ("2001:db8::1", "anonymous@2001:db8::/64"),
        ("2001:db8::2:3", "anonymous@2001:db8::/64"),
        ("::ffff:192.0.2.7", "anonymous@192.0.2.7"),
        ("", "anonymous"),
        ("no address", "anonymous"),
    ],
)
def test_callers_without_a_token_are_known_by_their_address(address, caller):
    assert unnamed(address) == caller
