"""One component called over REST.

Source:
    Seldon's executor: only 200 is an answer, everything else an error that is passed on; of a
    router's error the status is all that is kept.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from servegraph.engine import Context, Method
from servegraph.engine.branch import branch_of_document
from servegraph.engine.events import Listener
from servegraph.errors import InvalidRoute, UnitAnswered, UnitUnreachable
from servegraph.http_client import CannotConnect, HttpAnswer, HttpClient, HttpRequest, HungUp, MalformedAnswer
from servegraph.payload import Feedback, Message
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import MESSAGE
from servegraph.remote.bodies import chained, joined, parsed, reason
from servegraph.remote.compression import unpacked
from servegraph.remote.dialect import Dialect, filled
from servegraph.remote.endpoint import Endpoint
from servegraph.remote.failure import executor_error, hung_up_words
from servegraph.remote.headers import asks_for_itself, http_fields
from servegraph.remote.timing import Allowance


class RestHop:
    """Calls the component of one node."""

    def __init__(
        self,
        node: str,
        endpoint: Endpoint,
        dialect: Dialect,
        client: HttpClient,
        timeout_s: float | None,
        listener: Listener,
    ) -> None:
        self._node = node
        self._endpoint = endpoint
        self._dialect = dialect
        self._client = client
        self._timeout_s = timeout_s
        self._listener = listener

    async def transform(self, method: Method, request: Envelope[Message], context: Context) -> Envelope[Message]:
        """The component's answer.

        Raises:
            UnitAnswered: it answered with an error.
            UnitUnreachable: it cannot be connected to, or hung up.
            UnitTimedOut, GraphTimedOut: it did not answer in time.
        """
        rename = self._dialect.chained_document
        if rename is None:
            body = request.text()
        else:
            with self._readable(method):
                body = chained(request, rename, self._client.max_body)
        text = await self._ask(self._path(method, context), body, context)
        return Envelope(request.codec, request.transport, text=text)

    async def route(self, request: Envelope[Message], context: Context) -> int:
        """The branch that the component chose; raises like `transform`, and InvalidRoute."""
        path = self._path(Method.ROUTE, context)
        try:
            text = await self._ask(path, request.text(), context)
        except UnitAnswered as error:
            raise executor_error(self._node, "route", self._called(path, error.status), status=error.status) from error
        try:
            document = parsed(text, self._client.max_body)
        except MalformedAnswer as error:
            raise InvalidRoute(self._node, "route", f"no route: {error}") from error
        return branch_of_document(self._node, document)

    async def aggregate(self, requests: Sequence[Envelope[Message]], context: Context) -> Envelope[Message]:
        """The component's one answer; raises like `transform`."""
        with self._readable(Method.AGGREGATE):
            body = joined(requests, self._client.max_body)
        text = await self._ask(self._path(Method.AGGREGATE, context), body, context)
        return Envelope(requests[0].codec, requests[0].transport, text=text)

    async def send_feedback(self, feedback: Envelope[Feedback], context: Context) -> Envelope[Message]:
        """The component's answer; raises like `transform`."""
        text = await self._ask(self._path(Method.SEND_FEEDBACK, context), feedback.text(), context)
        return Envelope(MESSAGE, feedback.transport, text=text)

    async def health(self, context: Context) -> Envelope[Message]:
        """What the component says of its health; raises like `transform`."""
        text = await self._ask(filled(self._dialect.status, context.model or self._node), None, context)
        return Envelope(MESSAGE, "rest", text=text)

    async def metadata(self, context: Context) -> Mapping[str, Any]:
        """The same, parsed; raises like `transform`."""
        text = await self._ask(filled(self._dialect.metadata, context.model or self._node), None, context)
        with self._readable("metadata"):
            document = parsed(text, self._client.max_body)
        if not isinstance(document, dict):
            raise executor_error(self._node, "metadata", "the metadata is no JSON object")
        return document

    @contextmanager
    def _readable(self, method: str) -> Iterator[None]:
        try:
            yield
        except MalformedAnswer as error:
            raise executor_error(self._node, method.removeprefix("/"), str(error)) from error

    def _path(self, method: Method, context: Context) -> str:
        return self._dialect.path(method, context.model or self._node)

    async def _ask(self, path: str, text: Text | None, context: Context) -> Text:
        endpoint = self._endpoint
        body = None if text is None else text.body
        request = HttpRequest(endpoint.url(path), http_fields(context, text), body)
        allowance = Allowance.of(self._timeout_s, context)
        started = perf_counter()
        try:
            async with asyncio.timeout(allowance.seconds):
                answer = await self._client.send(request)
            given = self._text_of(answer, context)
        except TimeoutError as error:
            message = f"{_verb(request)}: context deadline exceeded"
            raise allowance.exceeded(self._node, path[1:], message) from error
        except (CannotConnect, HungUp, MalformedAnswer) as error:
            words = hung_up_words(error, endpoint.authority) if isinstance(error, HungUp) else str(error)
            raise UnitUnreachable(self._node, path[1:], f"{_verb(request)}: {words}") from error
        seconds = perf_counter() - started
        self._listener.node_called(self._node, path, request.method.lower(), str(answer.status), seconds)
        if answer.status != 200:
            raise self._answered(answer.status, given, path)
        return given

    def _text_of(self, answer: HttpAnswer, context: Context) -> Text:
        length = answer.field(b"inference-header-content-length")
        text = Text(
            answer.body,
            answer.field(b"content-type"),
            answer.field(b"content-encoding"),
            int(length) if length.isdecimal() and len(length) < 19 else None,
        )
        return unpacked(text, self._client.max_body) if text.encoding and asks_for_itself(context) else text

    def _answered(self, status: int, text: Text, path: str) -> UnitAnswered:
        cause = reason(text)
        return UnitAnswered(
            self._node,
            path[1:],
            self._called(path, status) + (f": {cause}" if cause else ""),
            status=status,
            body=text.body,
            content_type=text.content_type,
            encoding=text.encoding,
        )

    def _called(self, path: str, status: int) -> str:
        url = f"http://{self._endpoint.authority}{path}"
        return f"Internal service call from executor failed calling {url} status code {status}"


def _verb(request: HttpRequest) -> str:
    return f'{request.method.capitalize()} "{request.url}"'
