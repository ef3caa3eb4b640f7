"""The Open Inference protocol over REST, on a graph that is one model of it.

Source:
    Open Inference (v2) REST specification with the binary tensor data extension; without a
    name in the path, as Seldon's executor allows, the graph is meant.
"""

from servegraph.engine import Backend
from servegraph.engine.aside import Aside
from servegraph.payload.envelope import Text
from servegraph.payload.numbers import LARGE
from servegraph.payload.open_inference import (
    InferRequest,
    InferResponse,
    document_of_response,
    joined,
    request_of_document,
    split,
)
from servegraph.payload.wire_json import dump
from servegraph.serving.faults import open_inference_answer
from servegraph.serving.open_inference_model import SERVER, InferenceModel, infer
from servegraph.serving.routes import Answer, Handler, HttpRequest, Route


class OpenInferenceApi:
    """Handlers for one graph."""

    def __init__(self, engine: Backend, model: InferenceModel, ready: Handler) -> None:
        self._engine = engine
        self._model = model
        self._ready = ready
        self._aside = Aside()

    def routes(self) -> list[Route]:
        """All routes."""
        model, version = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
        return [
            self._route("GET", "/v2", self._server),
            self._route("GET", "/v2/health/live", self._live, "status"),
            self._route("GET", "/v2/health/ready", self._ready, "status"),
            self._route("POST", "/v2/models/infer", self._infer, "predictions"),
            *(self._route("POST", f"{path}/infer", self._infer, "predictions") for path in (model, version)),
            *(self._route("GET", f"{path}/ready", self._model_ready, "status") for path in (model, version)),
            *(self._route("GET", path, self._metadata) for path in (model, version)),
        ]

    def _route(self, method: str, path: str, handle: Handler, service: str = "metadata") -> Route:
        return Route(method, path, handle, service, open_inference_answer)

    async def _server(self, _: HttpRequest) -> Answer:
        return Answer(200, dump(SERVER))

    async def _live(self, _: HttpRequest) -> Answer:
        return Answer(200, dump({"live": True}))

    async def _model_ready(self, request: HttpRequest) -> Answer:
        self._check(request)
        return await self._ready(request)

    async def _metadata(self, request: HttpRequest) -> Answer:
        self._check(request)
        return Answer(200, dump(self._model.metadata()))

    async def _infer(self, request: HttpRequest) -> Answer:
        self._check(request)
        is_large = len(request.text.body) > LARGE
        asked = await self._aside.do(_asked, request.take_text()) if is_large else _asked(request.text)
        asked.model_name = request.parameters.get("model", self._model.name)
        asked.model_version = request.parameters.get("version", "")
        response = await infer(self._engine, self._model, asked, "rest", request.context)
        is_large = any(tensor.data.nbytes > LARGE for tensor in response.outputs)
        return await self._aside.do(_printed, response, asked) if is_large else _printed(response, asked)

    def _check(self, request: HttpRequest) -> None:
        self._model.check(request.parameters.get("model", self._model.name), request.parameters.get("version", ""))


def _asked(text: Text) -> InferRequest:
    return request_of_document(split(text, apart=True))


def _printed(response: InferResponse, request: InferRequest) -> Answer:
    return Answer.of(joined(document_of_response(response, request)))
