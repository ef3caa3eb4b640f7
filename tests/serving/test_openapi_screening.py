"""The page of the screening graph, served by the real command, in a real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.conftest import copy_project
from tests.e2e.running import Running, serving
from tests.serving.chromium import chromium


@pytest.fixture
def screening(tmp_path: Path, trained_store: Path) -> Iterator[Running]:
    folder = tmp_path / "project"
    folder.mkdir()
    with serving(copy_project(folder, trained_store), tmp_path, "--no-monitor") as running:
        yield running


async def test_example_of_the_signature_is_sent_answered_and_rewarded(screening: Running, tmp_path: Path) -> None:
    document = json.loads(screening.get("/seldon/default/screening/api/v1.0/doc/openapi.json")[1])
    row = document["components"]["schemas"]["Row"]
    assert (row["minItems"], row["maxItems"]) == (30, 30)

    async with chromium(tmp_path / "profile") as page:
        await page.open(f"{screening.url}/seldon/default/screening/api/v1.0/doc/")
        await page.until("document.querySelectorAll('#fields input').length === 30")
        assert await page.run("document.querySelector('#fields label').textContent") == "mean radius"
        await page.run("document.querySelector('#send').click()")
        await page.until("!document.querySelector('#response').hidden")
        assert await page.run("document.querySelector('#status').textContent") == "200 OK"
        taken = await page.run("[...document.querySelectorAll('g.taken')].map(g => g.dataset.node)")
        assert set(taken) in ({"scale", "drift", "ab", "logistic"}, {"scale", "drift", "ab", "boosting"})
        await page.run("document.querySelector('[data-reward=\"1\"]').click()")
        said = await page.until("document.querySelector('#feedback-answer').textContent")
        assert said == "Sent: reward 1."
        await page.picture(tmp_path / "page.png")
        assert page.complaints == []
