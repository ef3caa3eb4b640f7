"""The dashboard as Grafana reads it, and that it asks only for what is exported."""

import re
from typing import Any

import pytest
from tests.observe.history import History
from tests.observe.prometheus import panel_queries

from servegraph.observe.alerts import alert_rules
from servegraph.observe.dashboard import dashboard


@pytest.fixture
def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard("screening")["panels"]
    return found


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\b(?:seldon_api|servegraph)_\w+", text))


def exported() -> set[str]:
    _, body = History(1).render()
    return {name for line in body.decode().splitlines() if line[0] != "#" for name in names_in(line.split("{")[0])}


def test_every_metric_that_is_asked_for_is_exported() -> None:
    asked = [expr for _, expr in panel_queries(dashboard("screening"))]
    alerts = [rule["expr"] for rule in alert_rules("screening")["groups"][0]["rules"]]
    variables = [str(variable["query"]) for variable in dashboard("screening")["templating"]["list"]]
    assert names_in("\n".join(asked + alerts + variables)) <= exported()


def test_every_family_of_ours_is_on_the_dashboard() -> None:
    asked = names_in("\n".join(expr for _, expr in panel_queries(dashboard("screening"))))
    ours = {name for name in exported() if name.startswith("servegraph_")}
    assert ours - asked == {
        "servegraph_feedback_delay_seconds_count",
        "servegraph_feedback_delay_seconds_sum",
    }


def test_first_row_answers_up_failing_slow_drifting(panels: list[dict[str, Any]]) -> None:
    top = [(panel["title"], panel["type"], panel["gridPos"]) for panel in panels if panel["gridPos"]["y"] < 5]
    assert top == [
        ("Now", "row", {"x": 0, "y": 0, "w": 24, "h": 1}),
        ("Servers answering", "stat", {"x": 0, "y": 1, "w": 6, "h": 4}),
        ("Failing", "stat", {"x": 6, "y": 1, "w": 6, "h": 4}),
        ("Slowest 1 %", "stat", {"x": 12, "y": 1, "w": 6, "h": 4}),
        ("Drift", "stat", {"x": 18, "y": 1, "w": 6, "h": 4}),
    ]


def test_panels_have_unique_ids_and_do_not_overlap(panels: list[dict[str, Any]]) -> None:
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def test_every_panel_has_title_description_unit_and_lettered_queries(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == ["A", "B", "C"][: len(panel["targets"])]
        assert all("deployment_name=" in target["expr"] for target in panel["targets"])


def test_variables_choose_datasource_deployment_and_predictor() -> None:
    variables = dashboard("screening")["templating"]["list"]
    assert [(it["name"], it["type"]) for it in variables] == [
        ("datasource", "datasource"),
        ("deployment_name", "query"),
        ("predictor_name", "query"),
    ]
    assert variables[1]["current"] == {"text": "screening", "value": "screening"}


def test_dashboard_carries_what_the_schema_requires() -> None:
    document = dashboard("a" * 63)
    assert document["schemaVersion"] == 42
    assert document["annotations"] == {"list": []}
    assert len(document["uid"]) == 40
