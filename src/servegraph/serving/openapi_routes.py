"""The routes of the page that shows a graph, and of the OpenAPI document beside it."""

from servegraph.serving.openapi import GraphDescription, openapi
from servegraph.serving.openapi_page import HTML, content_security_policy, pages
from servegraph.serving.routes import Answer, Handler, HttpRequest, Route


def openapi_routes(description: GraphDescription) -> list[Route]:
    """Routes for the page and the documents; they answer any method, and are not counted.

    Source:
        Seldon's executor serves its own page at the same two paths, as static files.
    """
    found = pages(openapi(description))
    return [Route("*", path, _always(content_type, body)) for path, (content_type, body) in found.items()]


def _always(content_type: str, body: bytes) -> Handler:
    policy = ("content-security-policy", content_security_policy())
    headers = (policy, ("referrer-policy", "no-referrer")) if content_type == HTML else ()
    answer = Answer(200, body, content_type, headers=headers)

    async def handle(_: HttpRequest) -> Answer:
        return answer

    return handle
