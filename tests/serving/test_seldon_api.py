"""Seldon's REST protocol on a graph in this process."""

import asyncio
import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.serving.served import Served, graph_of, serving

from servegraph.serving.common_api import CommonApi
from servegraph.serving.rest import Site
from servegraph.serving.seldon_api import SeldonApi
from servegraph.shared import Ledger

PREDICTIONS = "/api/v1.0/predictions"


class Model:
    def predict(self, X: Any, names: Any) -> Any:
        if isinstance(X, str):
            return f"<{X}>"
        if isinstance(X, dict):
            raise KeyError("column")
        return X * 2

    def predict_raw(self, message: Any) -> Any:
        from servegraph.component.author import SeldonNotImplementedError

        if message == {"strData": "status"}:
            return {"status": {"code": 503, "info": "<later>"}}
        raise SeldonNotImplementedError("as decoded")

    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any:
        return [reward]

    def init_metadata(self) -> Any:
        return {"name": "m", "versions": ["3"], "inputs": [{"messagetype": "strData"}]}


class Sleeps:
    async def predict(self, X: Any, names: Any) -> Any:
        await asyncio.Event().wait()


@asynccontextmanager
async def served(graph: Any = None, parts: Any = None, ledger: Ledger | None = None, site: Site = Site()):  # noqa: B008
    made = graph_of(graph or {"name": "m"}, parts or {"m": Model()}, ledger)

    async def ready() -> bool:
        return True

    common = CommonApi(ready, lambda: ("", b""), "/prometheus")
    routes = SeldonApi(made.engine, made.predictor, common.ready).routes()
    async with serving([*routes, *common.routes()], site=site) as fronts:
        yield fronts


async def post(fronts: Served, document: Any, path: str = PREDICTIONS, **headers: str) -> tuple[int, Any]:
    answer = await fronts.ask("POST", path, json.dumps(document).encode(), **headers)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("path", [PREDICTIONS, "/api/v0.1/predictions"])
async def test_a_prediction_is_answered(path: str):
    async with served() as fronts:
        assert await post(fronts, {"data": {"names": ["a"], "ndarray": [[1]]}, "meta": {"puid": "p"}}, path) == (
            200,
            {
                "data": {"names": ["t:0"], "ndarray": [[2]]},
                "meta": {"puid": "p", "requestPath": {"m": "image:1"}},
            },
        )
    assert fronts.heard.answers == [("predictions", "post", "200")]


async def test_answers_are_escaped():
    async with served() as fronts:
        answer = await fronts.ask("POST", PREDICTIONS, b'{"strData":"&"}')
    assert answer.body == b'{"meta":{"requestPath":{"m":"image:1"}},"strData":"\\u003c\\u0026\\u003e"}\n'


async def test_the_puid_of_the_header_is_written_nowhere_without_a_ledger():
    async with served() as fronts:
        answer = await fronts.ask("POST", PREDICTIONS, b'{"strData":"x"}', seldon_puid="mine")
    assert answer.headers["seldon-puid"] == "mine"
    assert "puid" not in json.loads(answer.body)["meta"]


@pytest.mark.parametrize(
    ("meta", "header", "in_body", "in_header"),
    [
        ({}, "theirs", "theirs", "theirs"),
        ({"puid": "own"}, "theirs", "own", "theirs"),
        ({"puid": "own"}, "", "own", "own"),
    ],
)
async def test_with_a_ledger_answers_name_their_prediction(meta: Any, header: str, in_body: str, in_header: str):
    async with served(ledger=Ledger()) as fronts:
        answer = await fronts.ask(
            "POST", PREDICTIONS, json.dumps({"strData": "x", "meta": meta}).encode(), seldon_puid=header
        )
        assert json.loads(answer.body)["meta"]["puid"] == in_body
        assert answer.headers["seldon-puid"] == in_header
        feedback = {"response": {"meta": {"puid": in_body}}, "reward": 1}
        assert (await post(fronts, feedback, "/api/v1.0/feedback"))[0] == 200


@pytest.mark.parametrize("path", ["/api/v1.0/feedback", "/api/v0.1/feedback"])
async def test_feedback_is_answered_by_the_root(path: str):
    async with served() as fronts:
        assert await post(fronts, {"reward": 0.5}, path) == (
            200,
            {"data": {"tensor": {"shape": [1], "values": [0.5]}}, "meta": {"requestPath": {"m": "image:1"}}},
        )
    assert fronts.heard.answers == [("feedback", "post", "200")]


async def test_feedback_comes_back_byte_for_byte_where_the_root_hears_none():
    graph = {"name": "t", "type": "TRANSFORMER", "children": [{"name": "m"}]}
    async with served(graph, {"t": object(), "m": Model()}) as fronts:
        body = b'{ "reward": 1, "response": {"meta": {}} }'
        assert (await fronts.ask("POST", "/api/v1.0/feedback", body)).body == body


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (
            {"jsonData": {}},
            500,
            {"code": -1, "info": "'column'", "reason": "MICROSERVICE_INTERNAL_ERROR", "status": 1},
        ),
        ({"strData": "status"}, 503, {"code": 503, "info": "<later>"}),
    ],
)
async def test_errors_of_components_have_their_own_status(body: Any, status: int, told: Any):
    async with served() as fronts:
        assert await post(fronts, body) == (status, {"status": told})
    assert fronts.heard.answers == [("predictions", "post", str(status))]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"[1]", b"null", b'"x"', b"\xff", b'{"data":{"ndarray":[[1],[1,2]]}}']
)
async def test_what_cannot_be_read_is_the_callers_mistake(body: bytes):
    async with served() as fronts:
        answer = await fronts.ask("POST", PREDICTIONS, body)
    told = json.loads(answer.body)["status"]
    assert (answer.status, told["reason"], told["code"]) == (400, "MICROSERVICE_BAD_DATA", -1)


async def test_a_graph_that_takes_too_long_is_504():
    async with served(parts={"m": Sleeps()}, site=Site(timeout_s=0.05)) as fronts:
        assert await post(fronts, {"strData": "x"}) == (
            504,
            {"status": {"code": 500, "info": "the graph did not answer in time", "status": "FAILURE"}},
        )


async def test_status_and_metadata_of_a_node():
    async with served() as fronts:
        for version in ("v0.1", "v1.0"):
            answer = await fronts.ask("GET", f"/api/{version}/status/m")
            assert json.loads(answer.body) == {"meta": {"requestPath": {"m": "image:1"}}, "strData": "healthy"}
            answer = await fronts.ask("GET", f"/api/{version}/metadata/m")
            assert json.loads(answer.body)["versions"] == ["3"]
        for what in ("status", "metadata"):
            answer = await fronts.ask("GET", f"/api/v1.0/{what}/x")
            assert (answer.status, json.loads(answer.body)["status"]) == (
                500,
                {"code": 500, "info": "Failed to find model x", "status": "FAILURE"},
            )
    assert [service for service, _, _ in fronts.heard.answers] == ["status", "metadata"] * 2 + ["status", "metadata"]


async def test_metadata_of_the_graph():
    async with served() as fronts:
        assert json.loads((await fronts.ask("GET", "/api/v1.0/metadata")).body) == {
            "name": "p",
            "models": {"m": {"name": "m", "versions": ["3"], "inputs": [{"messagetype": "strData"}], "outputs": []}},
            "graphinputs": [{"messagetype": "strData"}],
            "graphoutputs": [],
        }
        assert (await fronts.ask("GET", "/api/v0.1/metadata")).status == 404


@pytest.mark.parametrize("path", ["/api/v1.0/status", "/api/v1.0/health/status"])
async def test_status_of_the_graph_is_its_readiness(path: str):
    async with served() as fronts:
        answer = await fronts.ask("GET", path)
    assert (answer.status, answer.body) == (200, b"")
    assert fronts.heard.answers == [("status", "get", "200")]


@pytest.mark.parametrize("path", ["/ping", "/health/ping", "/seldon.json", "/api/v0.1/status", "/predict"])
async def test_what_the_executor_has_not_is_not_there(path: str):
    async with served() as fronts:
        assert (await fronts.ask("GET", path)).status == 404
