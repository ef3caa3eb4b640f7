"""Triton's own clients against the screening graph, with binary tensors: the answers are those of Seldon's protocol."""

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from tests.e2e.running import Running

ROWS = np.array([[12.0] * 30, [8.0 + 0.5 * column for column in range(30)], [17.3] * 30])
ARMS = 2


@pytest.fixture(scope="module")
def by_seldon(screening: Running) -> list[NDArray[np.float64]]:
    """What each arm says to the rows: the protocol has no place for which of them answered."""
    arms: dict[int, NDArray[np.float64]] = {}
    while len(arms) < ARMS:
        answer = screening.predict(ROWS.tolist())
        arms[answer["meta"]["routing"]["ab"]] = np.array(answer["data"]["ndarray"])
    return list(arms.values())


def check(answers: Iterator[NDArray[np.float64]], by_seldon: list[NDArray[np.float64]]) -> None:
    """Of 20 answers each is one arm's, to the last digits."""
    for _, answer in zip(range(20), answers, strict=False):
        assert answer.shape == (len(ROWS), 2)
        assert min(np.abs(answer - arm).max() for arm in by_seldon) <= 1e-12


@pytest.mark.parametrize("binary", [True, False])
def test_http(screening: Running, by_seldon: list[NDArray[np.float64]], binary: bool) -> None:
    with tritonclient.http.InferenceServerClient(f"127.0.0.1:{screening.http_port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("screening")
        (given,) = client.get_model_metadata("screening")["inputs"]
        assert (given["datatype"], given["shape"]) == ("FP64", [-1, 30])
        tensor = tritonclient.http.InferInput(given["name"], list(ROWS.shape), given["datatype"])
        tensor.set_data_from_numpy(ROWS, binary_data=binary)
        wanted = tritonclient.http.InferRequestedOutput("predict", binary_data=binary)

        def answers() -> Iterator[NDArray[np.float64]]:
            while True:
                yield client.infer("screening", [tensor], outputs=[wanted]).as_numpy("predict")

        check(answers(), by_seldon)


def test_grpc(screening: Running, by_seldon: list[NDArray[np.float64]]) -> None:
    with tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{screening.grpc_port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("screening")
        (given,) = client.get_model_metadata("screening").inputs
        assert (given.datatype, list(given.shape)) == ("FP64", [-1, 30])
        tensor = tritonclient.grpc.InferInput(given.name, list(ROWS.shape), given.datatype)
        tensor.set_data_from_numpy(ROWS)

        def answers() -> Iterator[NDArray[np.float64]]:
            while True:
                yield client.infer("screening", [tensor]).as_numpy("predict")

        check(answers(), by_seldon)
