"""What observers may take of a loop's time."""

import pytest

from servegraph.engine import allowance
from servegraph.engine.allowance import Allowance


class Clock:
    """The time, and how much of it the thread computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.spent = 0.0
        monkeypatch.setattr(allowance, "monotonic", lambda: self.now)
        monkeypatch.setattr(allowance, "thread_time", lambda: self.spent)

    def go(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.spent += busy * seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_anything_is_granted_while_there_is_time(clock: Clock):
    given = Allowance(16, 4)
    for _ in range(3):
        assert given.granted(10**6) == 10**6
        clock.go(0.125, busy=0.39)


def test_a_busy_loop_grants_what_was_saved_and_then_its_rate(clock: Clock):
    given = Allowance(16, 4)
    clock.go(0.125, busy=0.41)
    assert [given.granted(1) for _ in range(6)] == [1, 1, 1, 1, 0, 0]
    clock.go(0.03125, busy=1)
    assert given.granted(1) == 0
    clock.go(0.09375, busy=1)
    assert [given.granted(3) for _ in range(2)] == [2, 0]


def test_no_more_is_saved_than_a_burst(clock: Clock):
    given = Allowance(16, 4)
    clock.go(100, busy=1)
    assert given.granted(10) == 4


def test_a_loop_that_has_time_again_grants_anything_again(clock: Clock):
    given = Allowance(16, 4)
    clock.go(0.125, busy=1)
    assert given.granted(100) == 4
    clock.go(0.125, busy=0)
    assert given.granted(100) == 100


def test_no_more_than_a_burst_is_granted_until_it_is_known_whether_there_is_time(clock: Clock):
    given = Allowance(16, 4)
    assert [given.granted(3) for _ in range(3)] == [3, 3, 0]
    clock.go(0.125, busy=0)
    assert given.granted(3) == 3
