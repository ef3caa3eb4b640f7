"""Rows in at one end of the socket, a verdict out at the same end."""

import json

import numpy as np
import pytest

NAMES = ["a", "b", "c"]


def normal(rows=100, columns=3, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns))


def verdict(client):
    return client.report().detectors["drift"]


async def settled(client, until, windows):
    await until(lambda: sum(verdict(client).windows.values()) == windows)
    return verdict(client)


async def test_verdict_before_any_window_is_blind(client, start_monitor, until):
    start_monitor()
    await until(lambda: client.report().connected)
    assert verdict(client).verdict == "blind"
    assert verdict(client).reason == "no window has been tested yet"
    assert client.tap("drift").tags() == {"drift": "blind"}


async def test_window_like_the_reference_is_ok(client, start_monitor, until):
    start_monitor()
    for row in normal():
        client.tap("drift").see(row.reshape(1, 3), NAMES)
    state = await settled(client, until, 1)
    assert state.verdict == "ok"
    assert state.windows == {"ok": 1}
    assert state.features == ()
    assert list(state.p_values) == NAMES
    assert state.missing == {"a": 0.0, "b": 0.0, "c": 0.0}
    assert (state.window, state.waiting) == (100, 0)
    assert client.tap("drift").tags() == {}


async def test_shifted_window_is_drift_and_names_the_features_surest_first(client, start_monitor, until):
    start_monitor()
    client.offer("drift", normal() + np.array([0.0, 0.5, 2.0]), NAMES)
    state = await settled(client, until, 1)
    assert state.verdict == "drift"
    assert state.features == ("c", "b")
    assert client.tap("drift").tags() == {"drift": "drift", "drift_features": ["c", "b"]}


async def test_verdict_stays_until_the_next_window_is_full(client, start_monitor, until):
    start_monitor()
    client.offer("drift", normal() + 2, NAMES)
    client.offer("drift", normal(99), NAMES)
    await until(lambda: verdict(client).waiting == 99)
    assert verdict(client).verdict == "drift"
    tags = client.tap("drift").tags()
    client.offer("drift", normal(1), NAMES)
    assert (await settled(client, until, 2)).windows == {"drift": 1, "ok": 1}
    assert tags == {"drift": "drift", "drift_features": ["b", "c", "a"]}
    assert client.tap("drift").tags() == {}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None, "n/a"])
async def test_one_value_that_is_no_number_is_blind_even_in_a_shifted_window(client, start_monitor, until, value):
    start_monitor()
    rows = (normal() + 2).astype(object)
    rows[42, 1] = value
    client.offer("drift", rows, NAMES)
    state = await settled(client, until, 1)
    assert state.verdict == "blind"
    assert state.reason == "values are missing or not finite: b (1.0%)"
    assert state.missing == {"a": 0.0, "b": 0.01, "c": 0.0}
    assert state.p_values == {}
    assert client.tap("drift").tags() == {"drift": "blind"}


async def test_rows_of_the_wrong_width_are_blind(client, start_monitor, until):
    start_monitor()
    client.offer("drift", normal(100, 2), ["a", "b"])
    assert (await settled(client, until, 1)).reason == "rows have 2 values, 3 are expected"
    client.offer("drift", normal(99), NAMES)
    client.offer("drift", normal(1, 4), [*NAMES, "d"])
    state = await settled(client, until, 2)
    assert state.reason == "rows have 3 and 4 values, 3 are expected"
    assert state.windows == {"blind": 2}


async def test_the_same_row_over_and_over_is_blind(client, start_monitor, until):
    start_monitor()
    client.offer("drift", np.ones((100, 3)), NAMES)
    state = await settled(client, until, 1)
    assert (state.verdict, state.reason) == ("blind", "all 100 rows are the same")


async def test_detector_that_raises_is_an_error_and_the_next_window_is_tested(client, start_monitor, until):
    start_monitor()
    client.offer("drift", np.full((100, 3), 666.0) + normal(100, 3).round(), NAMES)
    state = await settled(client, until, 1)
    assert state.verdict == "error"
    assert state.reason == "the test raised ArithmeticError: the number of the beast"
    assert client.tap("drift").tags() == {"drift": "error"}
    client.offer("drift", normal(), NAMES)
    assert (await settled(client, until, 2)).windows == {"error": 1, "ok": 1}


async def test_detector_that_cannot_load_is_an_error_at_once(client, start_monitor, until):
    start_monitor("cannot-load")
    await until(lambda: verdict(client).verdict == "error")
    assert verdict(client).reason == "load_detector() raised OSError: the reference is gone"
    assert verdict(client).windows == {}


async def test_rows_that_come_while_the_detector_loads_are_tested_after(client, start_monitor, until):
    start_monitor("slow-to-load")
    await until(lambda: client.report().connected)
    client.offer("drift", normal(250), NAMES)
    await until(lambda: verdict(client).waiting == 250)
    assert (await settled(client, until, 2)).windows == {"ok": 2}
    assert verdict(client).waiting == 50


async def test_window_that_was_tested_is_in_the_checkpoint_at_once(client, start_monitor, until, tmp_path):
    start_monitor()
    client.offer("drift", normal(), NAMES)
    await settled(client, until, 1)
    checkpoint = json.loads((tmp_path / "checkpoint.json").read_text())
    assert checkpoint["drift"]["state"]["windows"] == {"ok": 1}
