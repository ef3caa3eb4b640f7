"""The paths that every protocol has: liveness, readiness, metrics."""

import threading

from tests.serving.served import serving

from servegraph.serving.common_api import CommonApi


class Graph:
    is_ready = True

    async def ready(self) -> bool:
        return self.is_ready


def metrics() -> tuple[str, bytes]:
    return "text/plain; version=0.0.4", threading.current_thread().name.encode()


async def test_ready_follows_the_graph():
    graph = Graph()
    async with serving(CommonApi(graph.ready, metrics, "/prometheus").routes()) as served:
        for is_ready, status in ((True, 200), (False, 503), (True, 200)):
            graph.is_ready = is_ready
            answer = await served.ask("GET", "/ready")
            assert (answer.status, answer.body) == (status, b"")


async def test_while_draining_the_process_lives_and_is_not_ready():
    common = CommonApi(Graph().ready, metrics, "/prometheus")
    async with serving(common.routes(), on_drain=common.drain) as served:
        assert [(await served.ask("GET", path)).status for path in ("/live", "/ready")] == [200, 200]
        served.rest.drain()
        assert [(await served.ask("GET", path)).status for path in ("/live", "/ready")] == [200, 503]
    assert not await common.is_ready()


async def test_metrics_are_made_in_another_thread_at_their_own_path():
    async with serving(CommonApi(Graph().ready, metrics, "/own").routes()) as served:
        answer = await served.ask("GET", "/own")
        assert (await served.ask("GET", "/prometheus")).status == 404
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4")
    assert answer.body != threading.current_thread().name.encode()
    assert served.heard.answers == []
