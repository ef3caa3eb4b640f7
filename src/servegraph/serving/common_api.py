"""The paths that every protocol has: liveness, readiness, metrics."""

import asyncio
from collections.abc import Awaitable, Callable

from servegraph.serving.routes import Answer, HttpRequest, Route

Metrics = Callable[[], tuple[str, bytes]]


class CommonApi:
    """Handlers for probes and for Prometheus.

    Args:
        ready: asks the graph whether every node can be called.
        metrics: content type and text of the Prometheus page; may run in another thread.
    """

    def __init__(self, ready: Callable[[], Awaitable[bool]], metrics: Metrics, metrics_path: str) -> None:
        self._ready = ready
        self._metrics = metrics
        self._metrics_path = metrics_path
        self._ending = False

    def drain(self) -> None:
        """From now on say "not ready"."""
        self._ending = True

    def routes(self) -> list[Route]:
        """All routes; they answer any method, and are not counted."""
        return [
            Route("*", "/live", self._live),
            Route("*", "/ready", self.ready),
            Route("*", self._metrics_path, self._prometheus),
        ]

    async def _live(self, _: HttpRequest) -> Answer:
        return Answer(200)

    async def ready(self, _: HttpRequest) -> Answer:
        """200, or 503 while a node cannot be called or the process ends."""
        return Answer(200 if await self.is_ready() else 503)

    async def is_ready(self) -> bool:
        """Whether requests can be answered now."""
        return not self._ending and await self._ready()

    async def _prometheus(self, _: HttpRequest) -> Answer:
        # Milliseconds of formatting, which requests need not wait for.
        content_type, text = await asyncio.to_thread(self._metrics)
        return Answer(200, text, content_type)
