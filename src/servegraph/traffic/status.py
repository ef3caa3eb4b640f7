"""The server's own word: GET /status, as far as traffic needs it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from servegraph.errors import EnvironmentFault
from servegraph.verdict import DetectorState

MONITOR_S = 10.0
"""How long the drift monitor may take to report for the first time; it starts after the server."""

_TIMEOUT_S = 3.0
_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """Detectors by node, the names of nodes' children, and the rows that the monitor has not read (yet).

    Without a monitor, or at a server that has no such page, there are no detectors.
    """

    detectors: Mapping[str, DetectorState] = field(default_factory=dict)
    children: Mapping[str, Sequence[str]] = field(default_factory=dict)
    queued: int = 0
    dropped: int = 0

    @property
    def window(self) -> int:
        """Rows in the largest window; 0 while none is known."""
        return max((state.window for state in self.detectors.values()), default=0)

    @property
    def rows_done(self) -> int:
        """Rows that every detector has tested, holds for its next window, or will never see."""
        seen = (sum(state.windows.values()) * state.window + state.waiting for state in self.detectors.values())
        return min(seen, default=0) + self.dropped

    @property
    def reports(self) -> bool:
        """Whether every detector there is has reported."""
        return all(state.window for state in self.detectors.values())


class StatusPage:
    """Reads the page of the server at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/status"
        self._http: httpx.AsyncClient | None = None

    async def __aenter__(self) -> "StatusPage":
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        await self._http.aclose()

    async def read(self) -> ServerStatus:
        """The status now.

        Raises:
            EnvironmentFault: the server cannot be reached, or fails.
        """
        assert self._http is not None
        try:
            response = await self._http.get(self._url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EnvironmentFault(
                f"no server answers at {self._url}: {error or type(error).__name__}", hint="run `servegraph up` first"
            ) from error
        if response.status_code >= 500:
            raise EnvironmentFault(f"{self._url} answers HTTP {response.status_code}", hint="see the server's log")
        try:
            return _parse(response.json())
        except (ValueError, TypeError, KeyError, AttributeError):
            return ServerStatus()  # some other server's page

    async def when_reported(self) -> ServerStatus:
        """The status once all detectors have reported, or after ten seconds at last.

        Raises:
            EnvironmentFault: the server cannot be reached, or fails.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + MONITOR_S
        while True:
            status = await self.read()
            if status.reports or loop.time() > end:
                return status
            await asyncio.sleep(_AGAIN_S)


def _parse(document: Mapping[str, Any]) -> ServerStatus:
    monitor = document.get("monitor") or {}
    return ServerStatus(
        detectors={node: DetectorState.from_json(state) for node, state in monitor.get("detectors", {}).items()},
        children={node["name"]: tuple(node["children"]) for node in document.get("nodes", ())},
        queued=monitor.get("queued", 0),
        dropped=monitor.get("dropped", 0),
    )
