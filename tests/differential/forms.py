"""The ways in which a REST request can carry its document: body, coding, form, query parameter, multipart."""

import json
import urllib.parse

from hypothesis import strategies as st
from tests.differential.asking import Rest
from tests.differential.documents import messages, odd_messages, text

json_texts = st.one_of(
    odd_messages.map(json.dumps),
    st.sampled_from(
        [
            "",
            "{",
            "null",
            "[]",
            '{"data":',
            '{"strData":"a"}x',
            '{"data":{"ndarray":[[NaN]]}}',
            '{"strData":"a","strData":"b"}',
            "'",
            "\ufeff{}",
        ]
    ),
    messages.map(lambda each: json.dumps(each, indent=1, ensure_ascii=False)),
)
types = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/problem+json",
        "APPLICATION/JSON",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "",
        None,
    ]
)


parts = st.tuples(st.sampled_from(["data", "meta", "strData", "jsonData", "binData"]), st.booleans(), json_texts | text)


@st.composite
def requests(draw: st.DrawFn) -> Rest:
    """The same text as a body of some type and coding, a form field, or a query parameter."""
    path = draw(st.sampled_from(["/predict", "/transform-input", "/api/v1.0/predictions"]))
    content = draw(json_texts)
    form = urllib.parse.urlencode({draw(st.sampled_from(["json", "json", "other"])): content})
    match draw(st.sampled_from(["body", "coded", "form", "query", "both", "multipart"])):
        case "body":
            return Rest(path, content.encode(), draw(types))
        case "coded":
            return Rest(path, content.encode(draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-32", "utf-16-le"]))))
        case "form":
            return Rest(path, form.encode(), "application/x-www-form-urlencoded")
        case "query":
            return Rest(f"{path}?{form}", method="GET", type=None)
        case "both":
            return Rest(f"{path}?{form}", draw(json_texts).encode())
        case _:
            return multipart(path, draw(st.lists(parts, max_size=3)))


def multipart(path: str, fields: list[tuple[str, bool, str]]) -> Rest:
    """Fields of (name, whether it is a file, text)."""
    body = b""
    for name, is_file, content in fields:
        file = '; filename="f"' if is_file else ""
        body += f'--edge\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'.encode()
    return Rest(path, body + b"--edge--\r\n", "multipart/form-data; boundary=edge")
