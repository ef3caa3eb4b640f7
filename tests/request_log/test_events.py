"""What a sink gets: binary CloudEvents with Seldon's attributes, and bodies as they passed."""

import gzip
import re
import uuid

import pytest
from tests.request_log.sink import SinkServer, body, logging_to

from servegraph.engine.context import Context
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.request_log.event import Headers
from servegraph.request_log.wire import Event, Origin

CONTEXT = Context("PU")


def event(**changes: object) -> Event:
    said = {
        "kind": "request",
        "node": "m",
        "puid": "PU",
        "sink": 0,
        "time_ns": 1_795_220_452_995_151_192,
        "body": b"",
        "content_type": "application/json",
        "encoding": "",
    }
    return Event(**{**said, **changes})


def headers(event: Event, origin: Origin) -> dict[str, str]:
    return dict(Headers(origin).of(event))


def test_an_event_has_the_attributes_of_its_request():
    said = headers(event(), Origin("dep", "ns", "p"))
    trace = re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-00", said.pop("Ce-Traceparent"))
    assert trace
    assert re.fullmatch(rf"00-{trace[1]}-[0-9a-f]{{16}}-00", said.pop("Traceparent"))
    assert uuid.UUID(said.pop("Ce-Id")).version == 4
    assert said == {
        "Ce-Specversion": "1.0",
        "Ce-Type": "io.seldon.serving.inference.request",
        "Ce-Source": "http://:8000/",
        "Ce-Time": "2026-11-21T00:20:52.995151192Z",
        "Ce-Requestid": "PU",
        "Ce-Modelid": "m",
        "Ce-Inferenceservicename": "dep",
        "Ce-Namespace": "ns",
        "Ce-Endpoint": "p",
        "Ce-Protocol": "seldon",
        "Content-Type": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": "Go-http-client/1.1",
    }


def test_the_source_is_the_executors_own_address():
    assert headers(event(), Origin("dep", "ns", "p", "v2", "pod-1", 8080))["Ce-Source"] == "http://pod-1:8080/"


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (1_795_220_452_000_000_000, "2026-11-21T00:20:52Z"),
        (1_795_220_452_120_000_000, "2026-11-21T00:20:52.12Z"),
        (1_795_220_452_000_000_001, "2026-11-21T00:20:52.000000001Z"),
    ],
)
def test_times_have_no_zeros_at_their_end(time_ns: int, text: str):
    assert headers(event(time_ns=time_ns), Origin("dep", "ns", "p"))["Ce-Time"] == text


@pytest.mark.parametrize(
    ("puid", "value"),
    [
        ("a\r\nX-Evil: 1", "a%0D%0AX-Evil: 1"),
        ("grün", "gr%C3%BCn"),
        ("\x00\x7f", "%00%7F"),
        ('50% "x"', '50% "x"'),
        ("\ud800", "?"),
    ],
)
def test_what_a_client_wrote_cannot_break_a_header(puid: str, value: str):
    assert headers(event(puid=puid), Origin("dep", "ns", "p"))["Ce-Requestid"] == value


async def test_a_request_and_its_response_are_posted_with_their_bodies(sink: SinkServer):
    async with logging_to(sink.url + "x") as logger:
        logger.request("m", body(b'{"a": 1}'), CONTEXT)
        (first,) = await sink.until(1)
        logger.response("m", body(b"<p>", "text/html"), CONTEXT)
        _, second = await sink.until(2)
    assert (first.method, first.path, first.body) == ("POST", "/x", b'{"a": 1}')
    assert (second.body, second.headers["Content-Type"]) == (b"<p>", "text/html")
    assert second.headers["Ce-Type"] == "io.seldon.serving.inference.response"
    assert sorted(name.title() for name in first.headers) == [
        "Accept-Encoding",
        "Ce-Endpoint",
        "Ce-Id",
        "Ce-Inferenceservicename",
        "Ce-Modelid",
        "Ce-Namespace",
        "Ce-Protocol",
        "Ce-Requestid",
        "Ce-Source",
        "Ce-Specversion",
        "Ce-Time",
        "Ce-Traceparent",
        "Ce-Type",
        "Content-Length",
        "Content-Type",
        "Host",
        "Traceparent",
        "User-Agent",
    ]


@pytest.mark.parametrize(
    ("mode", "types"),
    [
        ("request", ["inference.request"]),
        ("response", ["feedback", "inference.response"]),
        ("all", ["feedback", "inference.request", "inference.response"]),
    ],
)
async def test_the_mode_chooses_what_is_sent(sink: SinkServer, mode: str, types: list[str]):
    async with logging_to(sink.url, mode) as logger:
        logger.request("m", body(b"{}"), CONTEXT)
        logger.response("m", body(b"{}"), CONTEXT)
        logger.feedback("m", body(b"{}"), CONTEXT)
        await sink.until(len(types))
    assert sorted(one.headers["Ce-Type"].removeprefix("io.seldon.serving.") for one in sink.received) == types


async def test_other_nodes_are_not_sent(sink: SinkServer):
    async with logging_to(sink.url) as logger:
        logger.request("other", body(b"{}"), CONTEXT)
        logger.request("m", body(b"{}"), Context("seen"))
    assert [one.headers["Ce-Requestid"] for one in sink.received] == ["seen"]


async def test_a_gzip_body_is_unpacked(sink: SinkServer):
    async with logging_to(sink.url) as logger:
        logger.request("m", body(gzip.compress(b'{"a"') + gzip.compress(b": 1}"), encoding="GZIP"), CONTEXT)
    (received,) = sink.received
    assert (received.body, received.headers.get("Content-Encoding")) == (b'{"a": 1}', None)


async def test_a_message_without_content_type_gets_none(sink: SinkServer):
    async with logging_to(sink.url) as logger:
        logger.request("m", body(b"{}", content_type=""), CONTEXT)
    assert "Content-Type" not in sink.received[0].headers


async def test_a_grpc_message_is_sent_as_protobuf(sink: SinkServer):
    message = message_class("seldon.protos.SeldonMessage")(strData="hello")
    async with logging_to(sink.url) as logger:
        logger.request("m", Envelope(None, "grpc", proto=message), CONTEXT)
    (received,) = sink.received
    assert received.headers["Content-Type"] == "application/protobuf"
    assert received.body == message.SerializeToString()
