"""Large messages are not held in two forms while the graph computes."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.serving.served import graph_of, serving

from servegraph.engine import Context
from servegraph.payload.envelope import Envelope
from servegraph.payload.schema import message_class
from servegraph.payload.seldon import MESSAGE
from servegraph.serving.common_api import CommonApi
from servegraph.serving.open_inference_api import OpenInferenceApi
from servegraph.serving.open_inference_model import InferenceModel

ROWS = np.ones((1000, 500))


class Notes:
    """A model that notes how much memory Python holds while it computes."""

    def predict(self, X: Any, names: Any) -> Any:
        self.held = tracemalloc.get_traced_memory()[0]
        return X[:1, :1]


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def ready() -> bool:
    return True


@pytest.mark.usefixtures("traced")
async def test_a_binary_body_goes_when_its_array_is_there():
    described = {"name": "x", "datatype": "FP64", "shape": [1000, 500], "parameters": {"binary_data_size": ROWS.nbytes}}
    head = json.dumps({"inputs": [described]}).encode()
    body = head + ROWS.tobytes()
    model = Notes()
    common = CommonApi(ready, lambda: ("", b""), "/prometheus")
    api = OpenInferenceApi(graph_of({"name": "m"}, {"m": model}).engine, InferenceModel("m", frozenset(), []), ready)
    async with serving([*api.routes(), *common.routes()]) as fronts:
        before = tracemalloc.get_traced_memory()[0]
        fields = {"inference_header_content_length": str(len(head))}
        answer = await fronts.ask("POST", "/v2/models/m/infer", body, **fields)
    assert answer.status == 200
    assert model.held - before == pytest.approx(ROWS.nbytes, rel=0.2)


async def test_a_protobuf_of_numbers_goes_when_they_are_decoded():
    proto = message_class("seldon.protos.SeldonMessage")()
    proto.data.tensor.shape.extend(ROWS.shape)
    proto.data.tensor.values.extend(ROWS.ravel())
    request, large, small = Envelope(MESSAGE, "grpc", proto=proto), Context("p"), Context("q")
    large.is_large = True
    engine = graph_of({"name": "m"}, {"m": Notes()}).engine
    await engine.predict(request, small)
    assert request.proto() is proto
    await engine.predict(request, large)
    again = request.proto()
    assert again is not proto
    assert again.data == proto.data
