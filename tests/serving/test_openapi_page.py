"""The page that shows a graph, in a real browser, against a small real server."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.serving.chromium import Page, chromium

from servegraph.serving.openapi import GraphDescription, openapi
from servegraph.serving.openapi_page import content_security_policy, pages
from servegraph.spec import PredictiveUnit

PREFIX = "/seldon/lab/screening"
HOSTILE = "</script><img src=x onerror=alert(1)>"


def unit(name: str, kind: str, *children: PredictiveUnit) -> PredictiveUnit:
    return PredictiveUnit(name=name, type=kind, children=list(children))


def screening() -> GraphDescription:
    arms = unit("switch", "ROUTER", unit("logistic", "MODEL"), unit("boosting", "MODEL"))
    return GraphDescription(
        name="screening",
        namespace="lab",
        predictor="main",
        graph=unit("scale", "TRANSFORMER", arms),
        input_names=("mean radius", "mean texture", "mean area"),
        width=3,
        example=(17.99, 10.38, 1001.0),
    )


class Graph:
    """Serves the page and answers as a graph does; `asked` holds path and body of what was sent."""

    def __init__(self, description: GraphDescription) -> None:
        self._pages = pages(openapi(description))
        self.asked: list[tuple[str, Any]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix(PREFIX)
        if path in self._pages:
            kind, body = self._pages[path]
            headers = {"content-type": kind, "content-security-policy": content_security_policy()}
            return web.Response(body=body, headers=headers)
        text = await request.text()
        self.asked.append((request.path, json.loads(text) if text else None))
        return self.graph(path, text)

    def graph(self, path: str, text: str) -> web.Response:
        headers = {"Seldon-Puid": "p-1"}
        if path.endswith("/feedback"):
            return web.json_response({"meta": {}}, headers=headers)
        if path.endswith("/predictions") and "an error" in text:
            status = {"code": 500, "info": "logistic.predict: no <b>luck</b>", "status": "FAILURE"}
            return web.json_response({"status": status}, status=500, headers=headers)
        meta = {"routing": {"scale": -1, "switch": 1}, "tags": {"arm": "B"}, "requestPath": {"boosting": "img:1"}}
        data = {"names": ["benign", "malignant"], "ndarray": [[0.25, 0.75]]}
        return web.json_response({"data": data, "meta": meta}, headers=headers)


@pytest.fixture
async def graph(request: pytest.FixtureRequest) -> AsyncIterator[Graph]:
    served = Graph(getattr(request, "param", screening)())
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", served.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    async with chromium(tmp_path / "profile") as tab:
        yield tab


async def text_of(page: Page, selector: str) -> str:
    return str(await page.run(f"document.querySelector({json.dumps(selector)}).textContent"))


async def test_row_is_pasted_sent_answered_and_rewarded(graph: Graph, page: Page) -> None:
    await page.open(f"{graph.url}{PREFIX}/api/v1.0/doc/")
    await page.until("document.querySelectorAll('#fields input').length === 3")

    assert await page.run("[...document.querySelectorAll('#fields label')].map(l => l.textContent)") == [
        "mean radius",
        "mean texture",
        "mean area",
    ]
    assert await page.run("[...document.querySelectorAll('#fields input')].map(i => i.value)") == [
        "17.99",
        "10.38",
        "1001",
    ]
    await page.run("""(() => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text", "1.5, 2e3, \\"n/a\\"\\n");
        const field = document.querySelector("#fields input");
        field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
        document.querySelector("#send").click();
    })()""")
    await page.until("!document.querySelector('#response').hidden")

    names = ["mean radius", "mean texture", "mean area"]
    sent = {"data": {"names": names, "ndarray": [[1.5, 2000.0, "n/a"]]}}
    assert graph.asked == [(f"{PREFIX}/api/v1.0/predictions", sent)]
    assert await text_of(page, "#status") == "200 OK"
    assert (await text_of(page, "#time")).endswith(" ms")
    shown = await text_of(page, "#answer")
    assert "benignmalignant0.250.75" in shown
    assert "switchboosting" in shown
    assert "armB" in shown
    taken = "[...document.querySelectorAll('g.taken')].map(g => g.dataset.node)"
    assert await page.run(taken) == ["scale", "switch", "boosting"]

    await page.run("document.querySelector('[data-reward=\"1\"]').click()")
    await page.until("document.querySelector('#feedback-answer').textContent")
    path, feedback = graph.asked[1]
    assert path == f"{PREFIX}/api/v1.0/feedback"
    assert feedback["reward"] == 1
    assert feedback["request"] == sent
    assert feedback["response"]["meta"]["puid"] == "p-1"
    assert feedback["response"]["meta"]["routing"] == {"scale": -1, "switch": 1}
    assert await text_of(page, "#feedback-answer") == "Sent: reward 1."
    assert page.complaints == []
    assert {url.split("/", 3)[2] for url in page.requested if url.startswith("http")} == {
        graph.url.removeprefix("http://")
    }


async def test_edited_body_is_sent_and_an_error_is_shown_as_text(graph: Graph, page: Page) -> None:
    await page.open(f"{graph.url}/api/v0.1/doc/")
    await page.until("document.querySelector('#body').value")

    await page.run("""(() => {
        const body = document.querySelector("#body");
        body.value = JSON.stringify({ strData: "it's an error" });
        body.dispatchEvent(new Event("input"));
    })()""")
    assert await text_of(page, "#curl") == (
        f"curl '{graph.url}/api/v1.0/predictions' \\\n  -H 'Content-Type: application/json' \\\n"
        "  -d '{\"strData\":\"it'\\''s an error\"}'"
    )
    await page.run("document.querySelector('#send').click()")
    await page.until("!document.querySelector('#response').hidden")

    assert graph.asked == [("/api/v1.0/predictions", {"strData": "it's an error"})]
    assert await text_of(page, "#status") == "500 Internal Server Error"
    assert await text_of(page, "#answer p") == "logistic.predict: no <b>luck</b>"
    assert await page.run("document.querySelector('#feedback').hidden")


async def test_node_is_chosen_for_an_operation_with_a_path_parameter(graph: Graph, page: Page) -> None:
    await page.open(f"{graph.url}/v2/docs/")
    await page.until("document.querySelector('#body').value")
    assert await text_of(page, "#operation") == "POST /v2/models/{model}/infer"

    await page.run("""(() => {
        [...document.querySelectorAll("#operations button")]
            .find(button => button.textContent === "GET/api/v1.0/status/{model}").click();
        document.querySelector("#parameters select").value = "boosting";
        document.querySelector("#send").click();
    })()""")
    await page.until("!document.querySelector('#response').hidden")

    assert graph.asked == [("/api/v1.0/status/boosting", None)]


def hostile() -> GraphDescription:
    return GraphDescription(HOSTILE, HOSTILE, HOSTILE, unit(HOSTILE, "MODEL"), (HOSTILE,), 1, (HOSTILE,))


@pytest.mark.parametrize("graph", [hostile], indirect=True)
async def test_hostile_names_are_text(graph: Graph, page: Page) -> None:
    await page.open(f"{graph.url}/api/v1.0/doc/")
    await page.until("document.querySelectorAll('#fields input').length === 1")

    assert await text_of(page, "#name") == HOSTILE
    assert await text_of(page, "#fields label") == HOSTILE
    assert await page.run("document.querySelector('#graph svg g').dataset.node") == HOSTILE
    assert await page.run("document.querySelectorAll('img').length") == 0
    assert page.complaints == []
