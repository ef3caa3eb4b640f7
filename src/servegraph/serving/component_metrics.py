"""The metrics port of a component server: one path for Prometheus, and plain HTML for any other.

Source:
    Seldon's component server, content type included.
"""

import logging
from collections.abc import Callable, Sequence

from servegraph.serving.component_http import HTML, Endpoint, HttpFront, Limits, Request
from servegraph.serving.routes import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; charset=utf-8"
_PAGE = "<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n<h1>{name}</h1>\n<p>{text}</p>\n"

log = logging.getLogger(__name__)


class _PlainErrors:
    """Errors as web servers answer them."""

    def not_found(self) -> Answer:
        text = (
            "The requested URL was not found on the server. "
            "If you entered the URL manually please check your spelling and try again."
        )
        return _page(404, "Not Found", text)

    def not_allowed(self) -> Answer:
        text = "The method is not allowed for the requested URL."
        return _page(405, "Method Not Allowed", text, (("allow", "OPTIONS, GET, HEAD"),))

    def of(self, error: BaseException) -> Answer:
        log.error("the metrics cannot be shown: %s", error, exc_info=error)
        return _page(500, "Internal Server Error", "The metrics cannot be shown; the log says why.")


def _page(status: int, name: str, text: str, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    return Answer(status, _PAGE.format(status=status, name=name, text=text).encode(), HTML, headers=headers)


def metrics_front(path: str, scrape: Callable[[], bytes], log_access: bool) -> HttpFront:
    """The application that answers `path` with what `scrape` gives."""

    async def answer(_: Request) -> Answer:
        return Answer(200, scrape(), CONTENT_TYPE)

    # Another method than GET on the path itself is a 405, and on others, too.
    return HttpFront({path: Endpoint(("GET",), answer)}, _PlainErrors(), Limits(body=65536), log_access)
