"""What goes where a redirect leads."""

import pytest

from servegraph.http_client import HttpAnswer, HttpRequest, MalformedAnswer, Url

FIELDS = [("Authorization", "Basic x"), ("X-A", "1")]


def redirected(url: str, location: str, status: int = 307) -> HttpRequest | None:
    answer = HttpAnswer(status, {b"location": location.encode()}, b"", keeps_alive=True)
    return HttpRequest(Url.parse(url), FIELDS, b"{}").redirected(answer)


@pytest.mark.parametrize(
    ("url", "location", "leads_to", "names"),
    [
        ("http://a:1/x?y", "z", "http://a:1/z", ["Authorization", "X-A", "Referer"]),
        ("http://a/", "https://a/", "https://a/", ["Authorization", "X-A", "Referer"]),
        ("http://a/", "http://b/", "http://b/", ["X-A", "Referer"]),
        ("https://a/", "//a:2/", "https://a:2/", ["Authorization", "X-A", "Referer"]),
        ("https://a/", "http://a/", "http://a/", ["X-A"]),
    ],
)
def test_secrets_stay_with_their_host_and_within_tls(url: str, location: str, leads_to: str, names: list[str]) -> None:
    request = redirected(url, location)
    assert request is not None
    assert (str(request.url), [name for name, _ in request.fields], request.body) == (leads_to, names, b"{}")


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirect_repeats_a_post_where_its_status_says_so(status: int, method: str) -> None:
    request = redirected("http://a/", "/x", status)
    assert request is not None
    assert request.method == method


@pytest.mark.parametrize(("location", "status"), [("", 302), ("/x", 200), ("/x", 300), ("/x", 304)])
def test_other_answers_are_final(location: str, status: int) -> None:
    assert redirected("http://a/", location, status) is None


def test_location_that_is_no_url_is_malformed() -> None:
    with pytest.raises(MalformedAnswer, match="failed to parse Location header 'http://a:99999/'"):
        redirected("http://a/", "http://a:99999/")
