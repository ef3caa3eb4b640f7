"""The escapes that make a JSON body safe inside HTML, as Go's encoder writes them."""

import re

from servegraph.serving.routes import Answer

_PLAIN = (b"<", b">", b"&", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_ANY = re.compile(b"[<>&]|\xe2\x80[\xa8\xa9]")
_ESCAPES = (b"\\u003c", b"\\u003e", b"\\u0026", b"\\u2028", b"\\u2029")


def escaped(answer: Answer) -> Answer:
    """The answer with the escapes, if it is JSON and needs any.

    Seldon's executor escapes whatever comes by, which spoils a component's HTML.
    """
    body = answer.body
    if _ANY.search(body) is None:
        return answer
    if answer.content_type and "json" not in answer.content_type:
        return answer
    for plain, escape in zip(_PLAIN, _ESCAPES, strict=True):
        body = body.replace(plain, escape)
    return answer._replace(body=body)
