"""What the request path asks of the client: it takes anything, at once, whatever the monitor does."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from servegraph.errors import ConfigurationError, EnvironmentFault
from servegraph.monitor.client import MonitorClient
from servegraph.monitor.process import serve
from servegraph.monitor.rows import Chunk, RowQueue
from servegraph.monitor.wire import encode_rows, read_rows


@pytest.mark.parametrize(
    ("rows", "queued"),
    [
        (np.zeros((0, 3)), 0),
        (np.zeros((4, 0)), 0),
        (np.float64(3.5) * np.ones(()), 1),
        (np.zeros(3), 1),
        (np.zeros((5, 2, 2)), 5),
        (np.array([["x", None]], dtype=object), 1),
        (np.zeros((2, 3), dtype=np.float32, order="F"), 2),
    ],
)
def test_offer_takes_any_array(tmp_path, rows, queued):
    client = MonitorClient(tmp_path / "m.sock", ["drift"])
    client.offer("drift", rows, [])
    assert client.report().queued == queued
    assert client.report().dropped == 0


def test_offer_keeps_the_values_when_the_caller_changes_the_array(tmp_path):
    client = MonitorClient(tmp_path / "m.sock", ["drift"])
    rows = np.ones((1, 2))
    client.offer("drift", rows, [])
    rows *= 7
    assert [chunk.rows.tolist() for chunk in client._queue] == [[[1.0, 1.0]]]


def test_tags_are_the_same_mapping_until_they_change(tmp_path):
    tap = MonitorClient(tmp_path / "m.sock", ["drift"]).tap("drift")
    assert tap.tags() is tap.tags()


def test_socket_path_that_is_too_long_is_refused_by_both_ends():
    path = Path("/") / ("x" * 107)
    with pytest.raises(EnvironmentFault, match="has 108 bytes, and the system allows 107"):
        MonitorClient(path, [])
    with pytest.raises(EnvironmentFault, match="has 108 bytes"):
        serve(path, {}, Path("unused"), 1, list)


def test_window_below_one_is_refused(tmp_path):
    class Windowless:
        window = 0
        feature_names = None

    with pytest.raises(ConfigurationError, match="the detector's window is 0"):
        serve(tmp_path / "m.sock", {"drift": Windowless()}, tmp_path / "checkpoint", 1, list)


def test_queue_splits_a_chunk_where_the_limit_falls():
    queue = RowQueue()
    queue.put(Chunk("drift", ["a"], np.array([[1.0], [2.0], [3.0]])))
    queue.put(Chunk("drift", ["a"], np.array([[4.0], [5.0]])))
    assert [chunk.rows.ravel().tolist() for chunk in queue.take(4)] == [[1.0, 2.0, 3.0], [4.0]]
    assert len(queue) == 1
    assert [chunk.rows.ravel().tolist() for chunk in queue.take(4)] == [[5.0]]
    assert len(queue) == 0


async def read(sent: bytes) -> list[Chunk]:
    reader = asyncio.StreamReader()
    reader.feed_data(sent)
    reader.feed_eof()
    found = []
    while (chunk := await read_rows(reader)) is not None:
        found.append(chunk)
    return found


async def test_rows_of_the_same_names_are_sent_together_with_every_number_exact_and_nan_for_the_rest():
    names = ["a", "b"]
    offered = [
        Chunk("drift", names, np.array([[0.1, np.nan], [1e-300, -np.inf]])),
        Chunk("drift", ["a", "b"], np.array([["7", "x"]])),
        Chunk("drift", names, np.array([[2**53 - 1, 3]])),
    ]
    (chunk,) = await read(encode_rows(offered))
    assert (chunk.node, chunk.names, chunk.rows.dtype) == ("drift", names, np.float64)
    expected = [[0.1, np.nan], [1e-300, np.nan], [7.0, np.nan], [2**53 - 1, 3]]
    assert np.array_equal(chunk.rows, expected, equal_nan=True)


async def test_rows_of_other_nodes_names_or_widths_are_sent_apart():
    ones = np.ones((1, 2))
    offered = [("x", ["a"], ones), ("x", ["b"], ones), ("y", ["b"], ones), ("y", ["b"], np.ones((2, 1)))]
    found = await read(encode_rows([Chunk(*each) for each in offered]))
    assert [(node, names, rows.tolist()) for node, names, rows in found] == [
        ("x", ["a"], [[1, 1]]),
        ("x", ["b"], [[1, 1]]),
        ("y", ["b"], [[1, 1]]),
        ("y", ["b"], [[1], [1]]),
    ]


@pytest.mark.parametrize("shape", ["[0, 3]", "[-1, -3]", "[1e9, 3]", "[1, 9000000]", '"x"', "[1]"])
async def test_a_line_that_announces_no_rows_is_refused(shape: str):
    with pytest.raises((ValueError, TypeError)):
        await read(f'{{"node": "x", "names": [], "shape": {shape}}}\n'.encode() + bytes(100))
