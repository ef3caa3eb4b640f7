"""Plans of manifests that no person would write: nothing changes from one to itself, and nothing breaks."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from servegraph.deploy.plan import plan
from servegraph.deploy.plan.text import document, text
from servegraph.spec import parse

NAMES = st.sampled_from(["a", "b", "c", "tfserving", "seldon-container-engine", "x" * 60, "", "\x1b[2J"])
WORDS = st.sampled_from(["", "MODEL", "ROUTER", "RANDOM_ABTEST", "SKLEARN_SERVER", "MLFLOW_SERVER", "odd"])
TEXTS = st.dictionaries(
    st.sampled_from(["seldon.io/no-engine", "seldon.io/engine-separate-pod", "seldon.io/svc-name", "x"]),
    st.sampled_from(["true", "", "a"]),
    max_size=2,
)
NUMBERS = st.none() | st.integers(-1, 150)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


PARAMETERS = st.lists(st.fixed_dictionaries({"name": NAMES, "value": NAMES, "type": WORDS}), max_size=2)
UNIT = {
    "type": WORDS,
    "implementation": WORDS,
    "modelUri": st.sampled_from(["", "models:/x/1", "s3://x"]),
    "parameters": PARAMETERS,
    "methods": st.lists(WORDS, max_size=2),
    "logger": st.none() | st.just({"mode": "all"}),
    "endpoint": st.none() | some(type=st.just("GRPC"), service_host=NAMES),
}
LEAVES = st.fixed_dictionaries({"name": NAMES}, optional=UNIT)
GRAPHS = st.recursive(
    LEAVES,
    lambda below: st.fixed_dictionaries({"name": NAMES, "children": st.lists(below, max_size=3)}, optional=UNIT),
    max_leaves=6,
)
CONTAINERS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "image": NAMES,
        "env": st.lists(st.fixed_dictionaries({"name": NAMES}, optional={"value": NAMES}), max_size=2),
        "ports": st.lists(some(name=NAMES, containerPort=st.integers(1, 9000)), max_size=2),
    },
)
PODS = some(
    metadata=some(name=NAMES, labels=TEXTS, annotations=TEXTS),
    spec=st.fixed_dictionaries({"containers": st.lists(CONTAINERS, max_size=3)}),
    replicas=NUMBERS,
    hpaSpec=st.none() | st.just({"maxReplicas": 3}),
    kedaSpec=st.none() | st.just({"triggers": []}),
    pdbSpec=st.none() | st.just({"minAvailable": 1}),
)
PREDICTORS = st.fixed_dictionaries(
    {"name": NAMES, "graph": GRAPHS},
    optional={
        "componentSpecs": st.lists(PODS, max_size=3),
        "replicas": NUMBERS,
        "traffic": NUMBERS,
        "shadow": st.booleans(),
        "annotations": TEXTS,
        "labels": TEXTS,
        "explainer": some(type=WORDS, modelUri=NAMES),
        "svcOrchSpec": some(replicas=NUMBERS),
    },
)
SPECS = st.fixed_dictionaries(
    {"predictors": st.lists(PREDICTORS, max_size=3)},
    optional={
        "annotations": TEXTS,
        "protocol": st.sampled_from(["", "v2", "odd"]),
        "transport": st.sampled_from(["", "grpc"]),
        "replicas": NUMBERS,
    },
)
DEPLOYMENTS = st.builds(
    lambda spec, name, more: {"kind": "SeldonDeployment", "metadata": {"name": name, **more}, "spec": spec},
    SPECS,
    st.sampled_from(["a", "a" * 80]),
    some(namespace=NAMES, annotations=TEXTS),
)


@settings(max_examples=60, deadline=None)
@given(DEPLOYMENTS)
def test_deployment_and_itself_have_no_changes(manifest: dict[str, Any]) -> None:
    made = plan(parse(manifest, "one"), parse(manifest, "other"))

    assert made.is_empty
    assert made.effects == ()
    assert text(made, "one", "other").endswith("\n\nNo changes.\n")


@settings(max_examples=60, deadline=None)
@given(DEPLOYMENTS, DEPLOYMENTS)
def test_any_two_deployments_have_a_plan(one: dict[str, Any], other: dict[str, Any]) -> None:
    made = plan(parse(one, "one"), parse(other, "other"))
    said = text(made, "one", "other")

    assert made.is_empty or said.splitlines()[-1].startswith("Plan: ")
    assert "\x1b" not in said
    assert json.loads(json.dumps(document(made, "one", "other")))["name"] == other["metadata"]["name"]
