"""Where a request goes, as its URL says."""

import pytest

from servegraph.http_client import HttpRequest, Url


@pytest.mark.parametrize(
    ("text", "url", "authority"),
    [
        ("http://sink", Url("http", "sink", None, "/"), "sink"),
        ("http://sink:80/a?b=1&c#d", Url("http", "sink", 80, "/a?b=1&c"), "sink:80"),
        ("https://user:secret@SINK/?q", Url("https", "sink", None, "/?q"), "sink"),
        ("http://[::1]:8080/", Url("http", "::1", 8080, "/"), "[::1]:8080"),
        ("http://büro.example", Url("http", "xn--bro-hoa.example", None, "/"), "xn--bro-hoa.example"),
    ],
)
def test_url_is_what_is_sent_and_where_to(text: str, url: Url, authority: str) -> None:
    assert Url.parse(text) == url
    assert url.authority == authority


def test_what_a_request_line_cannot_carry_is_encoded() -> None:
    assert Url.parse("http://sink/ä b?%41=%2F ü\x00").target == "/%C3%A4%20b?%41=%2F%20%C3%BC%00"


def test_port_is_the_scheme_s_where_none_is_written() -> None:
    assert Url.parse("http://sink/").server == Url.parse("http://sink:80/x").server == ("http", "sink", 80)
    assert Url.parse("https://sink/").server == ("https", "sink", 443)


@pytest.mark.parametrize("text", ["http://sink:99999/", "http://ü..x/", "http://[::1/"])
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Url.parse(text)


def test_head_of_a_request_says_the_port_where_the_url_does() -> None:
    request = HttpRequest(Url.parse("http://sink/a?b"), [("X-A", "1")], b"{}")
    assert request.head() == b"POST /a?b HTTP/1.1\r\nHost: sink\r\nX-A: 1\r\nContent-Length: 2\r\n\r\n"
    assert HttpRequest(Url("http", "::1", 80, "/"), []).head() == b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"
