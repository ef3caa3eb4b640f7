"""The escapes that make a JSON body safe inside HTML, as Go's encoder writes them."""

from dataclasses import replace

from servegraph.serving.routes import Answer

_ESCAPES = {
    b"<": b"\\u003c",
    b">": b"\\u003e",
    b"&": b"\\u0026",
    b"\xe2\x80\xa8": b"\\u2028",
    b"\xe2\x80\xa9": b"\\u2029",
}


def escaped(answer: Answer) -> Answer:
    """The answer with the escapes, if it is JSON and needs any.

    Seldon's executor escapes whatever comes by, which spoils a component's HTML.
    """
    body = answer.body
    # The first bytes of what is escaped: a search for one byte is ten times as fast as any other.
    if not (0x3C in body or 0x3E in body or 0x26 in body or 0xE2 in body):
        return answer
    if answer.content_type and "json" not in answer.content_type:
        return answer
    for plain, escape in _ESCAPES.items():
        body = body.replace(plain, escape)
    return replace(answer, body=body)
