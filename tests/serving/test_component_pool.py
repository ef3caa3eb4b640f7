"""Threads that are given up on: what hangs is left behind, what waited goes on."""

import threading

from servegraph.serving import component_pool
from servegraph.serving.component_pool import PatientPool


def test_what_waited_behind_a_hanging_call_goes_on_with_new_threads():
    end = threading.Event()
    pool = PatientPool(1)
    hanging = pool.submit(end.wait, 30)
    waiting = pool.submit(lambda: 7)
    pool.abandon(since=0)

    assert waiting.result(5) == 7
    assert pool.is_busy
    end.set()
    assert hanging.result(5) is True
    pool.shutdown()
    assert not pool.is_busy


def test_two_who_waited_for_the_same_call_give_up_on_it_once():
    pool = PatientPool(1)
    pool.abandon(since=0)
    pool.abandon(since=0)

    assert pool.abandoned == 1
    pool.shutdown()


def test_threads_are_not_given_up_without_end():
    pool = PatientPool(1)
    for number in range(component_pool.MOST_ABANDONED + 5):
        pool.abandon(since=number)

    assert pool.abandoned == component_pool.MOST_ABANDONED
    pool.shutdown()


def test_an_error_reaches_who_waits():
    pool = PatientPool(2)

    assert isinstance(pool.submit(int, "x").exception(5), ValueError)
    pool.shutdown()


def test_a_call_that_was_cancelled_while_it_waited_never_runs():
    end, ran = threading.Event(), []
    pool = PatientPool(1)
    pool.submit(end.wait, 30)
    waiting = pool.submit(ran.append, 1)
    waiting.cancel()
    end.set()
    pool.shutdown()

    assert ran == []
