"""An HTTP/1.1 client: connections kept open, one retry, redirects; over TLS for whoever asks for it.

Own code, as a node's hop is the dearest part of a graph: a call costs about a quarter of the processor time that
aiohttp takes for it. It knows neither who asks nor what an answer means.
"""

from servegraph.http_client.answer import HttpAnswer
from servegraph.http_client.client import HttpClient
from servegraph.http_client.connection import HungUp
from servegraph.http_client.dial import CannotConnect
from servegraph.http_client.malformed import MalformedAnswer
from servegraph.http_client.request import Fields, HttpRequest
from servegraph.http_client.url import Url, bracketed

__all__ = [
    "CannotConnect",
    "Fields",
    "HttpAnswer",
    "HttpClient",
    "HttpRequest",
    "HungUp",
    "MalformedAnswer",
    "Url",
    "bracketed",
]
