"""Compressed bodies of components, unpacked within bounds."""

from dataclasses import replace

from servegraph.errors import MalformedArray
from servegraph.http_client import MalformedAnswer
from servegraph.payload.compression import is_gzip, unzipped
from servegraph.payload.envelope import Text


def unpacked(text: Text, limit: int) -> Text:
    """The same body without gzip; any other is returned as it is.

    Raises:
        MalformedAnswer: it is no gzip, or larger than `limit` bytes when unpacked.
    """
    if not is_gzip(text.encoding):
        return text
    try:
        return replace(text, body=unzipped(text.body, limit), encoding="")
    except MalformedArray as error:
        raise MalformedAnswer(str(error)) from error
