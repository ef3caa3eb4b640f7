"""The request log of a graph, if one of its nodes has a logger: the logger here, and the process that posts."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from servegraph.cli.shipper import shipper_socket
from servegraph.observe.metrics import Metrics
from servegraph.request_log import Limits, Origin, RequestLogger
from servegraph.settings import log_busy_rate
from servegraph.spec import PredictorSpec
from servegraph.spec.logger import NodeLogger, node_loggers

VARIABLE = "REQUEST_LOGGER_DEFAULT_ENDPOINT"
DEFAULT_SINK = "http://default-broker"  # what Seldon's operator sets

log = logging.getLogger(__name__)


def loggers_of(predictor: PredictorSpec, environment: Mapping[str, str]) -> dict[str, NodeLogger]:
    """The loggers that work, by node."""
    return node_loggers(predictor.graph, environment.get(VARIABLE, DEFAULT_SINK))[0]


async def start_request_log(
    predictor: PredictorSpec,
    origin: Origin,
    limits: Limits,
    environment: Mapping[str, str],
    metrics: Metrics,
    folder: Path,
    ending: AsyncExitStack,
) -> RequestLogger | None:
    """The logger, which feeds the shipper of this folder until the stack unwinds, and then has it send what waits."""
    loggers, problems = node_loggers(predictor.graph, environment.get(VARIABLE, DEFAULT_SINK))
    for problem in problems:
        log.warning("%s", problem)
    if not loggers:
        return None
    logger = RequestLogger(loggers, origin, shipper_socket(folder), limits, log_busy_rate(environment))
    metrics.watch_sinks(
        lambda: {sink: (n.sent, n.failed, n.dropped) for sink, n in logger.counts().items()}, lambda: logger.unlogged
    )
    feeding = asyncio.get_running_loop().create_task(logger.run())
    await asyncio.sleep(0)  # `close` waits for a `run` that has begun
    ending.push_async_callback(asyncio.wait, [feeding])
    ending.push_async_callback(logger.close)
    return logger
