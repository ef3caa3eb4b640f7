"""The two families of Seldon's executor, under its names and labels, so that its dashboards work.

Source: Seldon Core v1 executor (histogram and `_summary` of each family). Own choices: three
buckets below its 5 ms, since nodes here answer in under one, and summaries without quantiles.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import Metric

from servegraph.observe.distribution import DistributionFamily
from servegraph.observe.rows import Key, Rows

SELDON_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
SECONDS = (0.0005, 0.001, 0.0025, *SELDON_SECONDS)
SERVER = "seldon_api_executor_server_requests_seconds"
CLIENT = "seldon_api_executor_client_requests_seconds"
SERVER_LABELS = ("deployment_name", "predictor_name", "predictor_version", "service", "method", "code")
CLIENT_LABELS = (*SERVER_LABELS, "model_name", "model_image", "model_version")


@dataclass(frozen=True, slots=True)
class NodeLabels:
    """What a node's series say about it; `branches` are a router's children, in order."""

    image: str
    image_version: str
    artifact: str | None
    artifact_version: str | None
    digest: str | None
    branches: tuple[str, ...] = ()


class ExecutorMetrics:
    """Latencies of the fronts and of the nodes, in seconds."""

    def __init__(
        self,
        rows: Rows,
        predictor: tuple[str, str, str],
        nodes: Mapping[str, NodeLabels],
        bounds: Sequence[float] = SECONDS,
    ) -> None:
        self._predictor = predictor
        self._nodes = nodes
        name = predictor[1]
        self.server = DistributionFamily(rows, f"{name}/server", SERVER_LABELS, bounds, self._server_values)
        self.client = DistributionFamily(rows, f"{name}/client", CLIENT_LABELS, bounds, self._client_values)

    def collect(self) -> Iterator[Metric]:
        yield self.server.histogram(SERVER, "Time the graph took to answer a request, in seconds.")
        yield self.server.summary(f"{SERVER}_summary", "Requests to the graph: count and seconds.")
        yield self.client.histogram(CLIENT, "Time a node took to answer the engine, in seconds.")
        yield self.client.summary(f"{CLIENT}_summary", "Calls of the engine to nodes: count and seconds.")

    def _server_values(self, key: Key) -> Key:
        return (*self._predictor, *key)

    def _client_values(self, key: Key) -> Key:
        name, service, method, code = key
        node = self._nodes.get(name)
        image, version = (node.image, node.image_version) if node else ("", "")
        return (*self._predictor, service, method, code, name, image, version)
