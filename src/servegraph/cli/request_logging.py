"""Start the request logger of a graph, if one of its nodes has a logger."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack

from servegraph.observe.metrics import Metrics
from servegraph.request_log import Limits, Origin, RequestLogger
from servegraph.spec import PredictorSpec
from servegraph.spec.logger import node_loggers

VARIABLE = "REQUEST_LOGGER_DEFAULT_ENDPOINT"
DEFAULT_SINK = "http://default-broker"  # what Seldon's operator sets

log = logging.getLogger(__name__)


async def start_request_log(
    predictor: PredictorSpec,
    origin: Origin,
    limits: Limits,
    environment: Mapping[str, str],
    metrics: Metrics,
    ending: AsyncExitStack,
) -> RequestLogger | None:
    """The logger, which sends until the stack unwinds, and then what still waits."""
    loggers, problems = node_loggers(predictor.graph, environment.get(VARIABLE, DEFAULT_SINK))
    for problem in problems:
        log.warning("%s", problem)
    if not loggers:
        return None
    logger = RequestLogger(loggers, origin, limits)
    metrics.watch_sinks(lambda: {sink: (n.sent, n.failed, n.dropped) for sink, n in logger.counts().items()})
    sending = asyncio.get_running_loop().create_task(logger.run())
    await asyncio.sleep(0)  # `close` waits for a `run` that has begun
    ending.push_async_callback(asyncio.wait, [sending])
    ending.push_async_callback(logger.close)
    return logger
