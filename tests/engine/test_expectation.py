"""Rows are checked against a node's artifact before its component sees them."""

from typing import Any

import numpy as np
import pytest

from servegraph.errors import InvalidPayload
from servegraph.payload import Kind, Message


class Keeps:
    """Remembers the rows it got."""

    def predict(self, X: Any, names: Any) -> Any:
        self.rows = X
        return X


async def fit(serve: Any, message: Message) -> Any:
    component = Keeps()
    await serve({"name": "m"}, {"m": component}, widths={"m": 3}).send(message)
    return component.rows


async def refusal(serve: Any, message: Message) -> InvalidPayload:
    bench = serve({"name": "m"}, {"m": Keeps()}, widths={"m": 3})
    with pytest.raises(InvalidPayload) as caught:
        await bench.send(message)
    assert bench.events.nodes == []
    return caught.value


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, np.bool_])
@pytest.mark.parametrize("kind", ["ndarray", "tensor"])
async def test_whole_numbers_are_widened_to_floats(serve: Any, dtype: Any, kind: Kind):
    rows = await fit(serve, Message(kind, np.array([[1, 0, 1], [0, 1, 1]], dtype=dtype)))
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]


async def test_missing_values_pass(serve: Any):
    rows = await fit(serve, Message("ndarray", np.array([[1.0, np.nan, np.inf]])))
    np.testing.assert_array_equal(rows, [[1.0, np.nan, np.inf]])


@pytest.mark.parametrize(
    ("rows", "sent"),
    [
        ([[1.0, 2.0]], "1 x 2"),
        ([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]], "2 x 4"),
        ([1.0, 2.0, 3.0], "3"),
        ([[[1.0, 2.0, 3.0]]], "1 x 1 x 3"),
        ([], "0"),
        (np.zeros((0, 3)), "0 x 3"),
    ],
)
async def test_rows_of_another_shape_are_the_callers_mistake(serve: Any, rows: Any, sent: str):
    error = await refusal(serve, Message("ndarray", np.array(rows)))
    assert str(error) == f"node 'm' takes rows of 3 numbers, got an array of {sent}"
    assert error.hint == "send one list of 3 numbers a row"


async def test_a_single_number_is_described_as_one(serve: Any):
    error = await refusal(serve, Message("tensor", np.array(5.0)))
    assert not str(error).endswith("an array of ")


@pytest.mark.parametrize(
    "message",
    [
        Message("ndarray", np.array([["1", "2", "3"]])),
        Message("ndarray", np.array([[1.0, None, "x"]], dtype=object)),
        Message("strData", "1,2,3"),
        Message("binData", b"123"),
        Message("jsonData", [[1, 2, 3]]),
    ],
)
async def test_what_is_no_array_of_numbers_is_the_callers_mistake(serve: Any, message: Message):
    error = await refusal(serve, message)
    assert str(error) == "node 'm' takes rows of 3 numbers"
    assert error.hint == "send data.ndarray"


async def test_nodes_without_a_width_take_anything(serve: Any):
    component = Keeps()
    await serve({"name": "m"}, {"m": component}).send(Message("strData", "1,2,3"))
    assert component.rows == "1,2,3"
