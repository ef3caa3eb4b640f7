"""Seldon's REST protocol on a graph: which paths, and what they ask the engine.

Source:
    Seldon's executor.
"""

from dataclasses import replace
from typing import Any

from servegraph.engine import Backend
from servegraph.engine.aside import Aside, prints_long
from servegraph.errors import MalformedArray, UnitFailed
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import FEEDBACK, MESSAGE
from servegraph.payload.wire_json import dump
from servegraph.serving.metadata import graph_metadata
from servegraph.serving.routes import JSON, Answer, Handler, HttpRequest, Route
from servegraph.spec import PredictorSpec

VERSIONS = ("v0.1", "v1.0")


class SeldonApi:
    """Handlers of Seldon's protocol for one graph.

    Args:
        lenient: whether a body that looks like JSON is taken for it, whatever its content type says.
    """

    def __init__(self, engine: Backend, predictor: PredictorSpec, ready: Handler, lenient: bool = False) -> None:
        self._lenient = lenient
        self._engine = engine
        self._predictor = predictor
        self._ready = ready
        self._aside = Aside()

    def routes(self) -> list[Route]:
        """All routes, in the order in which `Access-Control-Allow-Methods` lists them."""
        versioned = [route for version in VERSIONS for route in self._versioned(f"/api/{version}")]
        return [
            *versioned,
            Route("GET", "/api/v1.0/status", self._ready, "status"),
            Route("GET", "/api/v1.0/health/status", self._ready, "status"),
            Route("GET", "/api/v1.0/metadata", self._graph, "metadata"),
        ]

    def _versioned(self, root: str) -> list[Route]:
        return [
            Route("POST", f"{root}/predictions", self._predict, "predictions"),
            Route("POST", f"{root}/feedback", self._feedback, "feedback"),
            Route("GET", f"{root}/status/{{model}}", self._status, "status"),
            Route("GET", f"{root}/metadata/{{model}}", self._metadata, "metadata"),
        ]

    def _taken(self, text: Text) -> Text:
        if "json" in text.content_type or not text.body.startswith((b"{", b"[")):
            return text
        return replace(text, content_type=JSON)

    async def _predict(self, request: HttpRequest) -> Answer:
        text = self._taken(request.text) if self._lenient else request.text
        answer = await self._engine.predict(Envelope(MESSAGE, "rest", text=text), request.context)
        return await self._aside.do(_printed, answer) if prints_long(answer) else _printed(answer)

    async def _feedback(self, request: HttpRequest) -> Answer:
        answer = await self._engine.send_feedback(
            Envelope(FEEDBACK, "rest", text=self._taken(request.text) if self._lenient else request.text),
            request.context,
        )
        return _printed(answer)

    async def _status(self, request: HttpRequest) -> Answer:
        answer = await self._engine.health(request.parameters["model"], request.context)
        return _printed(answer)

    async def _metadata(self, request: HttpRequest) -> Answer:
        document = await self._engine.metadata(request.parameters["model"], request.context)
        return Answer(200, dump(document))

    async def _graph(self, request: HttpRequest) -> Answer:
        documents = await self._engine.all_metadata(request.context)
        return Answer(200, dump(graph_metadata(self._predictor, documents)))


def _printed(answer: Envelope[Any]) -> Answer:
    try:
        return Answer.of(answer.text())
    except MalformedArray as error:  # a component made what JSON has no form for
        raise UnitFailed("graph", "answer", str(error.__cause__)) from error
