"""What is made of measurements: ratios, tables, files, the flame graph."""

import json
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from harness import tables
from harness.contender import Contender
from harness.fitted import Fitted
from harness.flames import draw_flames
from harness.forms import seldon_rest
from harness.load import Measured
from harness.machine import Cores
from harness.plot import draw
from harness.profiling import Profile, Stack, function, part
from harness.ratios import BOUNDS, ratios
from harness.results import write_results
from harness.run import Conditions
from harness.scenario import Entry, Load, Outcome, Scenario
from rich.console import Console

C1, C16 = Load("rest", 1), Load("rest", 16)
LOOP = "run (/venv/lib/python3.12/site-packages/uvloop/__init__.py:92)"
ANSWER = "RestFront._answer (/project/src/servegraph/serving/rest.py:80)"


def measured(rate: float, p50: float) -> Measured:
    return Measured(int(rate * 10), 10.0, 0, p50, 2 * p50, 3 * p50, 4 * p50, 1e6 / rate, 0.5, 1000)


def entry(title: str, *rounds: tuple[float, float]) -> Entry:
    found = [measured(*each) for each in rounds]
    return Entry(title, 1.5, 2**20, 2**19, {C1: found, C16: found}, {"rest": 250})


@pytest.fixture
def outcome() -> Outcome:
    """We lose the second of three rounds, in which the machine was slow for us alone."""
    entries = {
        "us": entry("servegraph", (8000, 0.3), (100, 9.0), (8200, 0.3)),
        "by-hand": entry("by hand", (10000, 0.2), (10000, 0.2), (10000, 0.2)),
        "mlserver": Entry("MLServer", missing="its packages [x] cannot be installed"),
    }
    contenders = [Contender(key, one.title, lambda site: [], [seldon_rest("/")]) for key, one in entries.items()]
    return Outcome(Scenario("bar", "The graph", contenders, [C1, C16], {"rest": "by-hand"}), entries)


def conditions(tmp_path: Path) -> Conditions:
    cores = Cores(frozenset([1]), frozenset([0]))
    return Conditions(10.0, 3, cores, 0.02, None, tmp_path, Fitted(tmp_path), lambda text: None)


def test_ratios_are_medians_over_the_rounds(outcome: Outcome):
    found = ratios({"bar": outcome})
    assert found["rest_c16_vs_hand"] == pytest.approx(0.8)
    assert found["rest_c1_p50_vs_hand"] == pytest.approx(1.5)
    assert found["rest_c16_vs_fastapi"] is None
    assert found["workers_2_vs_1"] is None


def test_bounds_hold_on_their_side():
    bounds = {bound.key: bound for bound in BOUNDS}
    assert bounds["rest_c16_vs_hand"].holds(0.75)
    assert not bounds["rest_c16_vs_hand"].holds(0.74)
    assert bounds["rest_c1_p50_vs_hand"].holds(1.5)
    assert not bounds["rest_c1_p50_vs_hand"].holds(1.6)


def test_the_results_have_ratios_loads_and_who_is_missing(outcome: Outcome, tmp_path: Path):
    write_results(tmp_path / "results" / "latest.json", {"bar": outcome}, conditions(tmp_path))
    document = json.loads((tmp_path / "results" / "latest.json").read_text())
    assert document["ratios"]["rest_c16_vs_hand"] == 0.8
    contenders = document["scenarios"]["bar"]["contenders"]
    assert contenders["mlserver"] == {"title": "MLServer", "not_measured": "its packages [x] cannot be installed"}
    ours = contenders["us"]["loads"]["rest c=16"]
    assert (ours["requests_per_s"], ours["of_baseline"], ours["p50_ms"], ours["p999_ms"]) == (8000, 0.8, 0.3, 0.9)
    assert (ours["cpu_us_per_request"], ours["memory_of_requests"], len(ours["rounds"])) == (125, 0.25, 3)
    assert document["measured"]["server_cores"] == [1]


def test_the_tables_say_it_to_people(outcome: Outcome):
    console = Console(width=140, record=True, file=StringIO())
    console.print(tables.table(outcome))
    console.print(tables.ratio_table({"bar": outcome}))
    lines = [" ".join(line.replace("│", " ").split()) for line in console.export_text().splitlines()]
    assert "servegraph 8,000 0.80 125 0.300 0.60 0.90 1 1.5" in lines
    assert "rest_c16_vs_hand req/s, of the hand-written limit's, c=16 0.80 at least 0.75 yes" in lines
    assert tables.missing(outcome) == ["MLServer: its packages [x] cannot be installed"]


def test_the_plot_is_a_picture(outcome: Outcome, tmp_path: Path):
    draw(outcome, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_frames_belong_to_packages():
    assert part(LOOP) == "uvloop"
    assert part(ANSWER) == "servegraph.serving"
    assert part("Scaler.transform_input (/bench/project/transformers/scaling.py:50)") == "components"
    assert part("dumps (/usr/lib/python3.12/json/__init__.py:183)") == "Python's library"
    assert function(ANSWER) == "RestFront._answer (serving/rest.py)"


def test_the_flame_graph_has_boxes_as_wide_as_their_time(tmp_path: Path):
    stacks = [Stack([LOOP, ANSWER], 30.0), Stack([LOOP, ANSWER, "<lambda> (/a/src/servegraph/engine/x.py:1)"], 10.0)]
    profile = Profile(stacks, {"granian": 20.0}, measured(8000, 0.3))
    assert profile.by(part) == {"servegraph.serving": 30.0, "servegraph.engine": 10.0}
    draw_flames(profile, tmp_path / "flames.svg")
    svg = {"svg": "http://www.w3.org/2000/svg"}
    boxes = ElementTree.parse(tmp_path / "flames.svg").findall("svg:g", svg)
    assert [(box.find("svg:title", svg).text, box.find("svg:rect", svg).get("width")) for box in boxes] == [
        ("servegraph.serving: RestFront._answer (serving/rest.py), 40.0 µs", "1600.0"),
        ("servegraph.engine: <lambda> (engine/x.py), 10.0 µs", "400.0"),
    ]
