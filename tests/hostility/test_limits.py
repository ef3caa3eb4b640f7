"""Bodies that are too large, or become so: refused, and not kept."""

import json
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import grpc
import pytest
from tests.e2e.running import Running

LARGE = 64 << 20


def peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_body_that_says_it_is_too_large_is_a_413_before_it_is_sent(echo: Running) -> None:
    with closing(HTTPConnection("127.0.0.1", echo.http_port, timeout=10)) as connection:
        connection.putrequest("POST", "/api/v1.0/predictions")
        connection.putheader("Content-Length", str(9 << 20))
        connection.endheaders()
        response = connection.getresponse()
        answer = json.loads(response.read())

    assert response.status == 413
    assert answer["status"]["info"].startswith("the body is over 8388608 bytes")


def test_chunks_that_become_too_large_are_not_kept(echo: Running) -> None:
    before = peak_kb(echo.process.pid)

    with closing(HTTPConnection("127.0.0.1", echo.http_port, timeout=10)) as connection:
        pieces = (b" " * (1 << 20) for _ in range(LARGE >> 20))
        with suppress(ConnectionError):  # it hangs up when it has seen enough
            connection.request("POST", "/api/v1.0/predictions", pieces, encode_chunked=True)

    assert peak_kb(echo.process.pid) < before + 30_000
    assert echo.get("/live")[0] == 200


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_large_grpc_message_is_refused_and_not_unpacked(echo: Running, compression: grpc.Compression) -> None:
    before = peak_kb(echo.process.pid)

    with grpc.insecure_channel(f"127.0.0.1:{echo.grpc_port}", compression=compression) as channel:
        predict = channel.unary_unary("/seldon.protos.Seldon/Predict")
        with pytest.raises(grpc.RpcError) as raised:
            predict(bytes(LARGE), timeout=30)

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak_kb(echo.process.pid) < before + 60_000
