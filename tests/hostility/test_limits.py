"""Bodies that are too large, or become so: refused, and not kept."""

from pathlib import Path

import grpc
import pytest
from tests.e2e.running import Running

LARGE = 64 << 20


def peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def test_large_body_is_a_413(echo: Running) -> None:
    before = peak_kb(echo.process.pid)

    status, answer = echo.post("/api/v1.0/predictions", b" " * (9 << 20))

    assert status == 413
    assert answer["status"]["info"].startswith("the body is over 8388608 bytes")
    assert peak_kb(echo.process.pid) < before + 20_000


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_large_grpc_message_is_refused_and_not_unpacked(echo: Running, compression: grpc.Compression) -> None:
    before = peak_kb(echo.process.pid)

    with grpc.insecure_channel(f"127.0.0.1:{echo.grpc_port}", compression=compression) as channel:
        predict = channel.unary_unary("/seldon.protos.Seldon/Predict")
        with pytest.raises(grpc.RpcError) as raised:
            predict(bytes(LARGE), timeout=30)

    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert peak_kb(echo.process.pid) < before + 60_000
