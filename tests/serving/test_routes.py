"""Which routes a path has, and what `Access-Control-Allow-Methods` says of them."""

import pytest

from servegraph.serving.routes import Answer, HttpRequest, Match, Route, RouteTable


async def nothing(_: HttpRequest) -> Answer:
    return Answer(200)


def route(method: str, path: str, service: str | None = "predictions") -> Route:
    return Route(method, path, nothing, service)


TABLE = [
    route("POST", "/v2/models/infer"),
    route("POST", "/v2/models/{model}/infer"),
    route("GET", "/v2/models/{model}/versions/{version}"),
    route("GET", "/v2/models/{model}"),
    route("POST", "/v1/models/{model}:predict"),
    route("GET", "/v1/models/{model}"),
    route("*", "/live", None),
]


def found(path: str, prefix: str = "") -> Match | None:
    return RouteTable(TABLE, prefix).match(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v2/models",
        "/v2/models/",
        "/v2/models/m/infer/",
        "/v2/models//infer",
        "/v2/models/a/b/infer",
        "/V2/models/m/infer",
        "/v2/models/m/versions/",
        "/live/",
        "/v2/models/m/infer\n",
        "/x/v2/models/m/infer",
    ],
)
def test_matching_is_exact(path: str):
    assert found(path) is None


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v2/models/infer", {}),
        ("/v2/models/m/infer", {"model": "m"}),
        ("/v2/models/half plus two.v1/infer", {"model": "half plus two.v1"}),
        ("/v1/models/m:predict", {"model": "m"}),
        ("/v1/models/a:b:predict", {"model": "a:b"}),
    ],
)
def test_templates_tell_the_names_in_the_path(path: str, parameters: dict[str, str]):
    match = found(path)
    assert match is not None
    assert match.routes["POST"][1] == parameters


def test_two_templates_are_told_apart():
    match = found("/v2/models/m/versions/7")
    assert match is not None
    assert match.routes["GET"][1] == {"model": "m", "version": "7"}


@pytest.mark.parametrize(
    ("path", "methods", "allowed"),
    [
        ("/v2/models/m", ["GET"], "GET,OPTIONS"),
        ("/v2/models/m/infer", ["POST"], "OPTIONS,POST"),
        ("/v2/models/infer", ["GET", "POST"], "OPTIONS,POST,GET,OPTIONS"),
        ("/v1/models/m:predict", ["GET", "POST"], "OPTIONS,POST,GET,OPTIONS"),
        ("/live", ["*"], ""),
    ],
)
def test_the_allowed_methods_are_those_of_all_routes_in_order(path: str, methods: list[str], allowed: str):
    match = found(path)
    assert match is not None
    assert (sorted(match.routes), match.allowed) == (methods, allowed)


def test_of_two_routes_for_one_method_the_first_wins():
    first, second = route("GET", "/a/{x}", "first"), route("GET", "/{y}/b", "second")
    match = RouteTable([first, second]).match("/a/b")
    assert match is not None
    assert match.routes["GET"] == (first, {"x": "b"})


def test_a_prefix_is_left_out_where_it_stands():
    prefix = "/seldon/lab/m"
    for path in ("/v2/models/m", f"{prefix}/v2/models/m"):
        match = found(path, prefix)
        assert match is not None
        assert match.path == "/v2/models/m"
    assert found(f"{prefix}v2/models/m", prefix) is None
    assert found(f"{prefix}{prefix}/v2/models/m", prefix) is None


def test_paths_that_callers_invent_are_not_remembered_for_ever():
    table = RouteTable(TABLE)
    for number in range(3000):
        table.match(f"/nowhere/{number}")
    assert len(table._known) <= 1024
    assert table.match("/live") is not None
