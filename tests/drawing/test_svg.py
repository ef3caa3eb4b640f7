"""The picture: well-formed, the same every time, in the order of the data, nothing upon anything else."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servegraph.drawing import outline, svg
from servegraph.drawing.measure import width, wrap
from servegraph.spec import parse

NAMESPACE = "{http://www.w3.org/2000/svg}"
LONG = "a-node-of-a-team-that-likes-its-names-long-and-says-it-all-1"


def picture(*predictors: dict[str, Any], name: str = "loans") -> str:
    document = {"kind": "SeldonDeployment", "metadata": {"name": name}, "spec": {"predictors": list(predictors)}}
    return svg(outline(parse(document, "test"), {}))


def of_graph(graph: dict[str, Any]) -> str:
    return picture({"name": "main", "graph": graph})


def node(name: str, kind: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "children": list(children), **more}


def boxes(text: str) -> list[tuple[str, float, float, float, float]]:
    """Name, left, top, right, bottom of every box."""
    found = []
    for group in ElementTree.fromstring(text).iter(f"{NAMESPACE}g"):
        rect = group.find(f"{NAMESPACE}rect")
        if rect is None:
            continue
        names = [item.text or "" for item in group.iter(f"{NAMESPACE}text") if item.get("class") == "name"]
        x, y, w, h = (float(rect.attrib[key]) for key in ("x", "y", "width", "height"))
        found.append(("".join(names), x, y, x + w, y + h))
    return found


def chain(levels: int) -> dict[str, Any]:
    below = [chain(levels - 1)] if levels > 1 else []
    return node(f"{LONG[:-2]}{levels:02}", "TRANSFORMER" if below else "MODEL", *below)


def is_flowing(text: str, *names: str) -> bool:
    """Whether boxes follow one another, to the right or down."""
    place = {name: (left, top, right, bottom) for name, left, top, right, bottom in boxes(text)}
    ordered = [(place[one], place[two]) for one, two in pairwise(names)]
    return all(one[2] < two[0] for one, two in ordered) or all(one[3] < two[1] for one, two in ordered)


def test_transformer_stands_before_its_model() -> None:
    assert is_flowing(of_graph(node("scale", "TRANSFORMER", node("model", "MODEL"))), "scale", "model")


def test_output_transformer_stands_after_its_model() -> None:
    assert is_flowing(of_graph(node("out", "OUTPUT_TRANSFORMER", node("model", "MODEL"))), "model", "out")


def test_combiner_stands_after_all_its_children() -> None:
    text = of_graph(node("mean", "COMBINER", node("a", "MODEL"), node("t", "TRANSFORMER", node("b", "MODEL"))))

    assert is_flowing(text, "a", "mean")
    assert is_flowing(text, "t", "b", "mean")


def test_node_that_is_asked_both_ways_has_a_second_box_on_the_way_back() -> None:
    text = of_graph(node("both", "TRANSFORMER", node("model", "MODEL"), methods=["TRANSFORM_OUTPUT"]))

    assert [name for name, *_ in boxes(text)] == ["both", "model", "both"]
    assert "on the way back" in text


def test_shares_stand_on_the_arrows() -> None:
    ab = {"name": "ab", "implementation": "RANDOM_ABTEST", "children": [node("a", "MODEL"), node("b", "MODEL")]}
    ab["parameters"] = [{"name": "ratioA", "value": "0.7", "type": "FLOAT"}]
    main = {"name": "main", "graph": ab, "traffic": 90}
    dark = {"name": "dark", "graph": node("c", "MODEL"), "shadow": True, "traffic": 5}
    text = picture(main, {"name": "canary", "graph": node("d", "MODEL"), "traffic": 10}, dark)

    assert re.findall(r'class="share-text"[^>]*>([^<]+)', text) == ["70%", "30%", "90%", "10%", "copy of 5%"]


def test_answer_of_a_shadow_goes_nowhere() -> None:
    main = {"name": "main", "graph": node("a", "MODEL")}
    dark = {"name": "dark", "graph": node("b", "MODEL"), "shadow": True}

    assert picture(main, dark).count('<path class="edge"') == 2  # request to a, a to answer
    assert picture(main, dark).count('<path class="copy"') == 1


def test_names_of_a_manifest_are_escaped() -> None:
    text = picture({"name": "<p>", "graph": node('a<b>&"\x00', "MODEL")}, name='x" onload="')

    assert [name for name, *_ in boxes(text)] == ['a<b>&"\N{REPLACEMENT CHARACTER}']
    assert ElementTree.fromstring(text).get("onload") is None


def test_same_graph_gives_the_same_bytes() -> None:
    assert of_graph(chain(4)) == of_graph(chain(4))


def test_eleven_levels_flow_down_and_stay_narrow() -> None:
    text = of_graph(chain(11))

    assert len(boxes(text)) == 11
    assert float(ElementTree.fromstring(text).attrib["width"]) < 400


def test_ten_children_stand_below_one_another() -> None:
    text = of_graph(node(LONG, "ROUTER", *(node(f"{LONG[:-2]}{index:02}", "MODEL") for index in range(10))))

    assert len(boxes(text)) == 11
    assert float(ElementTree.fromstring(text).attrib["width"]) < 1000


def test_deployment_without_predictors_has_a_picture() -> None:
    assert "no predictors" in picture()


@pytest.mark.parametrize("name", [LONG, "W" * 60, "模" * 60, "no-breaks" + "x" * 51])
def test_long_name_is_wrapped_into_its_box_and_loses_nothing(name: str) -> None:
    lines = wrap(name, 200, 14, bold=True)

    assert "".join(lines) == name
    assert max(width(line, 14, bold=True) for line in lines) <= 200


KINDS = st.sampled_from(["MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER", "COMBINER", "ROUTER", "UNKNOWN_TYPE", "odd"])
METHODS = st.lists(st.sampled_from(["TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE"]), max_size=2)
NAMES = st.text(max_size=60).filter(lambda name: "\ud800" > max(name, default="") or min(name) > "\udfff")
LEAVES = st.builds(lambda name, kind: {"name": name, "type": kind}, NAMES, KINDS)
GRAPHS = st.recursive(
    LEAVES,
    lambda below: st.builds(
        lambda name, kind, methods, children: {"name": name, "type": kind, "methods": methods, "children": children},
        NAMES,
        KINDS,
        METHODS,
        st.lists(below, max_size=4),
    ),
    max_leaves=20,
)


def overlapping(text: str) -> Iterator[tuple[str, str]]:
    for one, two in combinations(boxes(text), 2):
        if one[1] < two[3] and two[1] < one[3] and one[2] < two[4] and two[2] < one[4]:
            yield one[0], two[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(GRAPHS, min_size=1, max_size=3))
def test_no_box_stands_upon_another_or_outside(graphs: list[dict[str, Any]]) -> None:
    text = picture(*({"name": f"p{index}", "graph": graph} for index, graph in enumerate(graphs)))
    size = ElementTree.fromstring(text).attrib

    assert list(overlapping(text)) == []
    assert all(left >= 0 and top >= 0 for _, left, top, _, _ in boxes(text))
    assert all(right <= float(size["width"]) and bottom <= float(size["height"]) for *_, right, bottom in boxes(text))
