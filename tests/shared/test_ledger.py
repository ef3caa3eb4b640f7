"""The record of predictions that several processes share."""

import gc

import pytest
from tests.shared.forking import printed

from servegraph.errors import EnvironmentFault
from servegraph.shared import Ledger


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(capacity=3, processes=2)


def test_prediction_of_another_process_is_found() -> None:
    said = printed("""
        ledger = Ledger(capacity=3, processes=2)
        in_another_process(lambda: ledger.at(1).record("p", {"ab": 1, "m": -1}))
        print(ledger.at(0).find("p").routing, ledger.at(0).find("q"))
    """)
    assert said == ["{'ab': 1, 'm': -1} None"]


def test_newest_of_one_puid_counts(ledger: Ledger) -> None:
    first, second = ledger.at(0), ledger.at(1)
    first.record("p", {"ab": 0})
    second.record("p", {"ab": 1})
    assert [each.find("p").routing for each in (first, second)] == [{"ab": 1}, {"ab": 1}]
    first.record("p", {"ab": 2})
    assert [each.find("p").routing for each in (first, second)] == [{"ab": 2}, {"ab": 2}]


def test_oldest_are_forgotten(ledger: Ledger) -> None:
    for number in range(5):
        ledger.record(str(number), {"n": number})
    found = [ledger.find(str(number)) for number in range(5)]
    assert [record and record.routing for record in found] == [None, None, {"n": 2}, {"n": 3}, {"n": 4}]


def test_successor_goes_on_with_the_page(ledger: Ledger) -> None:
    ledger.at(0).record("a", {"n": 0})
    successor = ledger.at(0)
    successor.record("b", {"n": 1})
    assert [successor.find(puid).routing for puid in "ab"] == [{"n": 0}, {"n": 1}]


def test_reward_is_claimed_once_and_can_be_given_back(ledger: Ledger) -> None:
    other = ledger.at(1)
    ledger.record("p", {})
    assert [each.find("p").claim() for each in (other, ledger, other)] == [True, False, False]
    ledger.find("p").release()
    assert other.find("p").claim()


def test_given_back_reward_of_a_forgotten_prediction_changes_no_other(ledger: Ledger) -> None:
    ledger.record("p", {})
    old = ledger.find("p")
    for puid in "abc":
        ledger.record(puid, {})
        ledger.find(puid).claim()
    old.release()
    assert [ledger.find(puid).claim() for puid in "abc"] == [False, False, False]


def test_only_one_of_many_processes_claims() -> None:
    said = printed("""
        ledger = Ledger(capacity=3, processes=2)
        ledger.at(0).record("p", {})
        start, go = os.pipe()
        pids = []
        for _ in range(8):
            if (pid := os.fork()) == 0:
                os.read(start, 1)
                os._exit(int(ledger.at(1).find("p").claim()))
            pids.append(pid)
        os.write(go, b"x" * len(pids))
        print(sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids))
    """)
    assert said == ["[0, 0, 0, 0, 0, 0, 0, 1]"]


def test_same_way_is_kept_once_through_successors(ledger: Ledger) -> None:
    for _ in range(3):
        successor = ledger.at(1)
        for number in range(3):
            successor.record(str(number), {"n": number % 2})
    assert ledger.at(1)._page._texts.end == ledger._page._texts.start + 2 * 16


def test_ways_that_have_no_room_are_not_remembered(ledger: Ledger, monkeypatch, caplog) -> None:
    monkeypatch.setattr("servegraph.shared.ledger.WAYS_ROOM", 40)
    small = Ledger(capacity=10)
    for number in range(5):
        small.record(str(number), {"n": number % 3})
    assert [small.find(str(number)) is not None for number in range(5)] == [True, True, False, True, True]
    assert [record.getMessage() for record in caplog.records] == [
        "there are too many ways through the graph: feedback will not find some predictions"
    ]


def test_more_than_the_machine_can_remember_is_refused() -> None:
    with pytest.raises(EnvironmentFault, match="no memory to remember 1,000,000,000,000,000 predictions"):
        Ledger(capacity=10**15)


def test_remembered_predictions_are_nothing_to_the_garbage_collector() -> None:
    ledger = Ledger(capacity=1000)
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1000):
        ledger.record(str(number), {"n": number % 2})
    assert len(gc.get_objects()) - before < 50
