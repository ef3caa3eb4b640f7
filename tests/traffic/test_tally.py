"""Counts, on cases small enough to count by hand."""

import pytest

from servegraph.traffic.tally import Pulse, Tally, accuracies, arm_of

CHILDREN = {"ab": ("logistic", "boosting"), "eu": ("small", "large")}


def test_split_and_accuracy_are_exact() -> None:
    tally = Tally()
    for arm, correct, shifted in [("a", True, False), ("a", True, False), ("a", False, True), ("b", True, True)]:
        tally.answered(arm, correct, shifted, asked=0.0, now=0.001)
    assert tally.split() == {"a": 0.75, "b": 0.25}
    assert accuracies(tally.arms) == {"a": 2 / 3, "b": 1.0}
    assert accuracies(tally.shifted_arms) == {"a": 0.0, "b": 1.0}


def test_percentiles_are_of_all_answers_in_milliseconds() -> None:
    tally = Tally()
    for milliseconds in range(1, 102):
        tally.answered("a", True, False, asked=0.0, now=milliseconds / 1000)
    assert tally.percentile_ms(50) == pytest.approx(51.0)
    assert tally.percentile_ms(99) == pytest.approx(100.0)
    assert Tally().percentile_ms(50) is None


def test_pulse_is_of_the_last_seconds_only() -> None:
    tally = Tally()
    tally.answered("a", True, False, asked=0.0, now=5.0)
    tally.answered("a", True, False, asked=9.0, now=9.002)
    tally.answered("a", True, False, asked=9.5, now=9.504)
    pulse = tally.pulse(now=10.0, seconds=2.0)
    assert pulse.rate == 1.0
    assert pulse.p50_ms == pytest.approx(3.0)
    assert tally.pulse(now=20.0, seconds=2.0) == Pulse(0.0, None, None)


def test_failures_are_counted_by_reason_with_the_first_text() -> None:
    tally = Tally()
    for reason, text in [("HTTP 500", "first"), ("timeout", "no answer"), ("HTTP 500", "second")]:
        tally.failures.add(reason, text)
    assert (dict(tally.failures), tally.failed, tally.ok) == ({"HTTP 500": 2, "timeout": 1}, 3, 0)
    assert tally.failures.examples == {"HTTP 500": "first", "timeout": "no answer"}


@pytest.mark.parametrize(
    ("routing", "arm"),
    [
        ({"scale": -1, "ab": 0, "logistic": -1}, "logistic"),
        ({"ab": 1, "scale": -1}, "boosting"),
        ({"eu": 1, "ab": 0}, "logistic/large"),
        ({"unheard-of": 2}, "unheard-of:2"),
        ({"scale": -1}, "all"),
        ({}, "all"),
    ],
)
def test_arm_is_the_child_that_each_router_chose(routing: dict[str, int], arm: str) -> None:
    assert arm_of(routing, CHILDREN) == arm
