"""Components over REST that are gone, slow, restarted, or answer with something else."""

import asyncio
import gzip
from time import monotonic

import pytest
from tests.ports import free_port
from tests.remote.components import Calls, Component, Maker, Received, ok, rest_envelope

from servegraph.engine import Context, Method
from servegraph.errors import GraphTimedOut, UnitTimedOut, UnitUnreachable
from servegraph.remote import Connections, Timeouts


async def never(received: Received) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


async def test_nobody_there_is_unreachable(remote: Maker, listener: Calls) -> None:
    port = free_port()
    with pytest.raises(UnitUnreachable) as caught:
        await remote.unit(port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert caught.value.message == (
        f'Post "http://127.0.0.1:{port}/predict": dial tcp 127.0.0.1:{port}: connect: connection refused'
    )
    assert listener.calls == []


async def test_unknown_name_is_unreachable(remote: Maker) -> None:
    with pytest.raises(UnitUnreachable) as caught:
        await remote.unit(80, host="no-such-host.invalid").transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert caught.value.message == (
        'Post "http://no-such-host.invalid:80/predict": dial tcp: lookup no-such-host.invalid: no such host'
    )


async def test_slow_component_is_timed_out(component: Component, remote: Maker, listener: Calls) -> None:
    component.answer = never
    unit = remote.unit(component.port, timeouts=Timeouts(rest_s=0.1))
    with pytest.raises(UnitTimedOut) as caught:
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert caught.value.message == f'Post "http://127.0.0.1:{component.port}/predict": context deadline exceeded'
    await component.until(lambda: component.lost == 1)
    assert listener.calls == []


async def test_deadline_of_the_graph_ends_a_call(component: Component, remote: Maker) -> None:
    component.answer = never
    unit = remote.unit(component.port, timeouts=Timeouts(rest_s=30))
    with pytest.raises(GraphTimedOut, match='Post "http://.*/predict": context deadline exceeded'):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU", deadline=monotonic() + 0.1))


async def test_graph_out_of_time_calls_nobody(component: Component, remote: Maker) -> None:
    with pytest.raises(GraphTimedOut):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU", deadline=0.0))
    assert component.connections == 0


async def test_caller_who_goes_away_ends_the_call(component: Component, remote: Maker) -> None:
    component.answer = never
    call = asyncio.ensure_future(remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU")))
    await component.until(lambda: len(component.received) == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await component.until(lambda: component.lost == 1)


async def test_connection_is_used_again(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    for _ in range(5):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert (component.connections, len(component.received)) == (1, 5)


async def test_connection_that_the_component_closes_is_not_used_again(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b"{}", "Connection: close")
    unit = remote.unit(component.port)
    for _ in range(3):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert (component.connections, len(component.received)) == (3, 3)


async def test_restart_of_a_component_fails_no_request(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    await asyncio.gather(*(unit.transform(Method.PREDICT, rest_envelope(), Context("PU")) for _ in range(8)))
    await component.stop()
    await component.start(component.port)
    for _ in range(3):
        await asyncio.gather(*(unit.transform(Method.PREDICT, rest_envelope(), Context("PU")) for _ in range(8)))


async def test_stale_connection_is_replaced_once(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    component.answer = lambda _: None if len(component.received) == 2 else ok(b"{}")
    answer = await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert answer.text().body == b"{}"
    assert (component.connections, len(component.received)) == (2, 3)


async def test_reset_is_not_repeated_twice(component: Component, remote: Maker, listener: Calls) -> None:
    unit = remote.unit(component.port)
    await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    component.answer = lambda _: None
    with pytest.raises(UnitUnreachable, match='/predict": (EOF|read tcp .* connection reset by peer)'):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert len(component.received) == 3
    assert listener.calls == [("m", "/predict", "post", "200")]


async def test_reset_of_a_new_connection_is_not_repeated(component: Component, remote: Maker) -> None:
    component.answer = lambda _: None
    with pytest.raises(UnitUnreachable):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert len(component.received) == 1


async def test_answer_that_breaks_off_is_not_asked_for_again(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    component.answer = lambda _: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{"
    with pytest.raises(UnitUnreachable, match="unexpected EOF"):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert len(component.received) == 2


async def test_what_is_not_http_is_unreachable(component: Component, remote: Maker) -> None:
    component.answer = lambda _: b"SSH-2.0-OpenSSH\r\n\r\n"
    with pytest.raises(UnitUnreachable, match="malformed HTTP response 'SSH-2.0-OpenSSH'"):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_redirect_turns_a_post_into_a_get(status: int, component: Component, remote: Maker) -> None:
    def answer(received: Received) -> bytes:
        return ok(b"", "Location: /other?a=b", status=status) if received.path == "/predict" else ok(b"here")

    component.answer = answer
    context = Context("PU", headers=[("authorization", "Bearer t")])
    found = await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), context)
    assert found.text().body == b"here"
    second = component.received[1]
    assert (second.method, second.path, second.body) == ("GET", "/other?a=b", b"")
    assert second.headers == {
        "Host": f"127.0.0.1:{component.port}",
        "Authorization": "Bearer t",
        "User-Agent": "Go-http-client/1.1",
        "Accept-Encoding": "gzip",
        "Seldon-Puid": "PU",
        "Content-Type": "application/json",
        "Referer": f"http://127.0.0.1:{component.port}/predict",
    }


@pytest.mark.parametrize("status", [307, 308])
async def test_redirect_that_repeats_the_post(status: int, component: Component, remote: Maker) -> None:
    component.answer = lambda received: (
        ok(b"", "Location: other", status=status) if received.path == "/predict" else ok(b"here")
    )
    await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
    second = component.received[1]
    assert (second.method, second.path, second.body) == ("POST", "/other", b'{"data": {"ndarray": [[5]]}}')


async def test_credentials_do_not_go_to_another_host(component: Component, remote: Maker) -> None:
    def answer(received: Received) -> bytes:
        location = f"Location: http://localhost:{component.port}/other"
        return ok(b"", location, status=302) if received.path == "/predict" else ok(b"here")

    component.answer = answer
    context = Context("PU", headers=[("authorization", "Bearer t"), ("cookie", "a=b"), ("x-a", "1")])
    await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), context)
    names = component.received[1].headers.keys()
    assert "X-A" in names
    assert not names & {"Authorization", "Cookie"}


async def test_endless_redirect_is_unreachable(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(b"", "Location: /predict", status=302)
    with pytest.raises(UnitUnreachable, match="stopped after 10 redirects"):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert len(component.received) == 10


async def test_gzip_that_only_we_asked_for_is_unpacked(component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(gzip.compress(b'{"strData": "A"}'), "Content-Encoding: gzip")
    unit = remote.unit(component.port)
    ours = await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
    assert (ours.text().body, ours.text().encoding) == (b'{"strData": "A"}', "")

    context = Context("PU", headers=[("accept-encoding", "gzip")])
    clients = await unit.transform(Method.PREDICT, rest_envelope(), context)
    assert (gzip.decompress(clients.text().body), clients.text().encoding) == (b'{"strData": "A"}', "gzip")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"no gzip", "gzip: "),
        (gzip.compress(b"a" * 1000)[:-9], "gzip: unexpected EOF"),
        (gzip.compress(b"a" * 70 * 2**20, 1), "larger than 67108864 bytes"),
    ],
    ids=["none", "cut", "bomb"],
)
async def test_broken_gzip_is_unreachable(body: bytes, message: str, component: Component, remote: Maker) -> None:
    component.answer = lambda _: ok(body, "Content-Encoding: gzip")
    with pytest.raises(UnitUnreachable, match=message):
        await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))


async def test_huge_bodies_pass_both_ways(component: Component, remote: Maker) -> None:
    huge = b'"' + b"x" * (24 * 2**20) + b'"'
    component.answer = lambda received: ok(received.body)
    answer = await remote.unit(component.port).transform(Method.PREDICT, rest_envelope(huge), Context("PU"))
    assert answer.text().body == huge


async def test_body_over_the_limit_is_refused(component: Component, listener: Calls) -> None:
    connections = Connections(1000)
    component.answer = lambda _: ok(b"x" * 1001)
    with pytest.raises(UnitUnreachable, match="the body is larger than 1000 bytes"):
        await (
            Maker(connections, listener).unit(component.port).transform(Method.PREDICT, rest_envelope(), Context("PU"))
        )
    await connections.close()


async def test_calls_run_in_parallel_on_connections_that_are_kept(component: Component, remote: Maker) -> None:
    together = asyncio.Event()

    async def answer(received: Received) -> bytes:
        if len(component.received) == 50:
            together.set()
        await together.wait()
        return ok(received.body)

    component.answer = answer
    unit = remote.unit(component.port)
    bodies = [b'"%d"' % number for number in range(50)]
    for _ in range(2):
        calls = [unit.transform(Method.PREDICT, rest_envelope(body), Context("PU")) for body in bodies]
        answers = await asyncio.gather(*calls)
        assert [answer.text().body for answer in answers] == bodies
    assert component.connections == 50


async def test_ready_is_who_accepts_connections(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    assert await unit.ready(thorough=False)
    await component.stop()
    assert not await unit.ready(thorough=False)
    assert not await unit.ready(thorough=True)
    await component.start()


async def test_thoroughly_ready_is_who_says_so(component: Component, remote: Maker) -> None:
    unit = remote.unit(component.port)
    assert await unit.ready(thorough=True)
    assert component.received[0].path == "/api/v1.0/health/status"
    component.answer = lambda _: ok(b"", status=503)
    assert not await unit.ready(thorough=True)


async def test_node_without_endpoint_fails_only_when_called(remote: Maker) -> None:
    unit = remote.unit(host="")
    assert await unit.ready(thorough=True)
    with pytest.raises(UnitUnreachable, match="node m has no endpoint"):
        await unit.transform(Method.PREDICT, rest_envelope(), Context("PU"))
