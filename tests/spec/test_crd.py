import copy
import datetime
import functools
import time

import pytest
from crd_json_schema import json_schema, without_nulls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from servegraph.spec.crd import Violation, violations

TYPICAL = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "shop", "labels": {"team": "a"}, "annotations": {"example.com/note": "x y"}},
    "spec": {
        "annotations": {"seldon.io/rest-timeout": "5000"},
        "protocol": "seldon",
        "predictors": [
            {
                "name": "main",
                "replicas": 2,
                "traffic": 100,
                "graph": {
                    "name": "scaler",
                    "type": "TRANSFORMER",
                    "children": [
                        {
                            "name": "model",
                            "implementation": "SKLEARN_SERVER",
                            "modelUri": "s3://models/shop",
                            "parameters": [{"name": "method", "value": "predict", "type": "STRING"}],
                            "logger": {"mode": "all"},
                        }
                    ],
                },
                "componentSpecs": [
                    {
                        "metadata": {"labels": {"tier": "front"}},
                        "hpaSpec": {"maxReplicas": 4, "metrics": [{"type": "Resource", "resource": {"name": "cpu"}}]},
                        "pdbSpec": {"minAvailable": "50%"},
                        "spec": {
                            "terminationGracePeriodSeconds": 30,
                            "containers": [
                                {
                                    "name": "scaler",
                                    "image": "example.com/scaler:1",
                                    "env": [{"name": "LEVEL", "value": "INFO"}],
                                    "ports": [{"containerPort": 9000, "name": "http"}],
                                    "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": 1}},
                                    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                                }
                            ],
                        },
                    }
                ],
                "svcOrchSpec": {"env": [{"name": "SELDON_LOG_LEVEL", "value": "DEBUG"}]},
            }
        ],
    },
}
POD = ("spec", "predictors", 0, "componentSpecs", 0)
CONTAINER = (*POD, "spec", "containers", 0)


def changed(*steps):
    """The typical document with a value put at a path: the steps but the last, which is the value."""
    document = copy.deepcopy(TYPICAL)
    place = document
    for step in steps[:-2]:
        place = place[step]
    place[steps[-2]] = steps[-1]
    return document


def test_typical_document_has_no_violations():
    assert violations(TYPICAL) == []


@pytest.mark.parametrize(
    ("path", "value", "kind", "message"),
    [
        (("spec", "predictors"), {}, "type", "must be an array, not an object"),
        (("spec", "predictors", 0, "replicas"), "2", "type", "must be an integer, not the string '2'"),
        (("spec", "predictors", 0, "traffic"), 66.5, "type", "must be an integer, not the number 66.5"),
        (("spec", "predictors", 0, "traffic"), True, "type", "must be an integer, not the boolean true"),
        (("spec", "replicas"), 2**31, "range", "must be from -2147483648 to 2147483647, not the integer 2147483648"),
        (("spec", "predictors", 0, "graph"), "scaler", "type", "must be an object, not the string 'scaler'"),
        (("spec", "annotations", "seldon.io/x"), 5000, "type", "must be a string, not the integer 5000"),
        ((*CONTAINER, "env", 0, "value"), True, "type", "must be a string, not the boolean true"),
        ((*CONTAINER, "env", 0), None, "type", "must be an object, not null"),
        ((*CONTAINER, "image"), ["x"], "type", "must be a string, not an array"),
        ((*CONTAINER, "resources", "limits", "cpu"), 0.5, "type", "must be an integer or string, not the number 0.5"),
        ((*CONTAINER, "readinessProbe", "httpGet", "port"), {}, "type", "must be an integer or string, not an object"),
    ],
)
def test_value_of_a_wrong_type_is_told(path, value, kind, message):
    assert [(item.path, item.kind, item.message) for item in violations(changed(*path, value))] == [
        (path, kind, message)
    ]


def test_huge_number_is_told_without_its_digits():
    (found,) = violations(changed("spec", "replicas", 10**5000))
    assert found.message == "must be from -2147483648 to 2147483647, not a huge integer"
    (found,) = violations(changed("spec", "annotations", {10**5000: 1}))
    assert found.path == ("spec", "annotations", "int")


@pytest.mark.parametrize("quantity", ["half", "1 Gi", "500m\n", "", "1ki", "."])
def test_quantity_that_is_none_is_told(quantity):
    (found,) = violations(changed(*CONTAINER, "resources", "requests", "cpu", quantity))
    assert (found.kind, found.expected) == ("pattern", "quantity")
    assert found.message.startswith("must be a quantity such as 500m, 0.5 or 1Gi, not the string")


@pytest.mark.parametrize("quantity", ["0.5", "500m", "1Gi", "2", "1e3", "-1", ".5", "5.", 3, 3.0])
def test_quantity_is_taken(quantity):
    assert violations(changed(*CONTAINER, "resources", "requests", "cpu", quantity)) == []


def test_missing_field_is_told_with_its_type():
    document = copy.deepcopy(TYPICAL)
    del document["metadata"]["name"]
    del document["spec"]["predictors"][0]["graph"]["children"][0]["parameters"][0]["type"]
    document["spec"]["predictors"][0]["componentSpecs"][0]["hpaSpec"]["maxReplicas"] = None
    graph = ("spec", "predictors", 0, "graph")
    assert violations(document) == [
        Violation(("metadata", "name"), "required", "is required", "string"),
        Violation((*graph, "children", 0, "parameters", 0, "type"), "required", "is required", "string"),
        Violation((*POD, "hpaSpec", "maxReplicas"), "required", "is required", "integer"),
    ]


def test_empty_document_lacks_its_four_parts():
    assert [item.path[0] for item in violations({})] == ["apiVersion", "kind", "metadata", "spec"]


def test_unknown_field_is_told_with_the_one_that_looks_like_it():
    document = changed("spec", "predictors", 0, "graph", "endpoint", {"http_port": 9000, "grpcPort": 9500})
    document["spec"]["strategy"] = {}
    assert violations(document) == [
        Violation(
            ("spec", "predictors", 0, "graph", "endpoint", "http_port"),
            "unknown",
            "is no field of this object",
            "httpPort",
        ),
        Violation(("spec", "strategy"), "unknown", "is no field of this object", ""),
    ]


def test_graph_ends_after_eleven_levels():
    def levels(count):
        node = {"name": f"n{count}"}
        for number in range(count - 1, 0, -1):
            node = {"name": f"n{number}", "children": [node]}
        return changed("spec", "predictors", 0, "graph", node)

    assert violations(levels(11)) == []
    (found,) = violations(levels(12))
    assert found.kind == "unknown"
    assert found.path == ("spec", "predictors", 0, "graph", *("children", 0) * 10, "children")


def test_null_in_an_object_is_as_good_as_absent():
    document = changed("spec", "predictors", 0, "componentSpecs", None)
    document["spec"]["annotations"] = {"seldon.io/rest-timeout": None}
    assert violations(document) == []
    assert violations(changed(*POD, "metadata", "creationTimestamp", None)) == []


def test_ports_of_one_number_are_told_unless_their_protocols_differ():
    twice = [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80, "protocol": "TCP"}]
    assert violations(changed(*CONTAINER, "ports", twice)) == [
        Violation(
            (*CONTAINER, "ports", 2),
            "duplicate",
            "has the same containerPort and protocol as entry 1 of the list",
        )
    ]


@pytest.mark.parametrize("name", ["Shop", "shop_a", "-shop", "shop.", "a" * 254, "shop\n", ""])
def test_name_that_is_no_dns_name_is_told(name):
    (found,) = violations(changed("metadata", "name", name))
    assert (found.path, found.kind, found.expected) == (("metadata", "name"), "name", "DNS-1123 subdomain")


@pytest.mark.parametrize("name", ["shop", "9shop", "shop.a-b", "a" * 253])
def test_name_that_the_api_server_takes_is_taken(name):
    assert violations(changed("metadata", "name", name)) == []


def test_labels_and_annotations_have_names_and_strings():
    document = changed("metadata", "namespace", "Prod")
    document["metadata"]["labels"] = {"ok/a.b_c": "", "-x": "v", "two/sla/shes": "v", "size": "very large", "n": 1}
    document["metadata"]["annotations"] = {"Example.com/A": "any text\n", "a b": "x", "yes": True}
    assert [(item.path[1:], item.kind) for item in violations(document)] == [
        (("labels", "n"), "type"),
        (("annotations", "yes"), "type"),
        (("namespace",), "name"),
        (("labels", "-x"), "name"),
        (("labels", "two/sla/shes"), "name"),
        (("labels", "size"), "name"),
        (("annotations", "a b"), "name"),
    ]


def test_three_versions_are_known_and_no_other():
    assert violations(changed("apiVersion", "machinelearning.seldon.io/v1alpha3")) == []
    assert violations(changed("apiVersion", "machinelearning.seldon.io/v1alpha2")) == []
    (found,) = violations(changed("apiVersion", "mlops.seldon.io/v1alpha1"))
    assert (found.kind, found.expected) == ("version", "machinelearning.seldon.io/v1")
    (found,) = violations(changed("kind", "Model"))
    assert (found.path, found.kind, found.expected) == (("kind",), "version", "SeldonDeployment")


def test_keys_and_dates_of_yaml_are_strings_for_kubernetes():
    document = changed("spec", "annotations", {"since": datetime.date(2024, 5, 1), 1: "x", False: "y", None: "z"})
    assert violations(document) == []
    document["spec"]["annotations"][7] = 7
    (found,) = violations(document)
    assert found.path == ("spec", "annotations", "7")


def test_status_is_not_looked_at():
    assert violations({**TYPICAL, "status": {"state": 7}}) == []


def test_time_must_be_one():
    document = changed(*POD, "metadata", "creationTimestamp", "2024-05-01T12:00:00Z")
    assert violations(document) == []
    (found,) = violations(changed(*POD, "metadata", "creationTimestamp", "yesterday"))
    assert (found.kind, found.expected) == ("pattern", "date-time")


TEXT = st.text(st.characters(exclude_characters="\n"), max_size=8)  # `$` of a pattern matches before a line end
WORDS = st.sampled_from(
    "apiVersion kind metadata name spec predictors graph children containers ports env value".split()
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from(["500m", "1Gi", "MODEL", "2024-05-01T12:00:00Z"])
)
ODD = PLAIN | st.floats() | st.binary(max_size=5) | st.dates()
ODD_KEYS = TEXT | WORDS | st.integers() | st.none() | st.booleans() | st.tuples(st.integers())


def nested(plain, keys):
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
    )


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


PLACES = st.sampled_from([path for path in places(TYPICAL) if path])
UNHURRIED = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(nested(ODD, ODD_KEYS), PLACES)
@UNHURRIED
def test_any_document_is_judged(odd, path):
    assert all(isinstance(item, Violation) for item in violations(odd))
    assert all(isinstance(item, Violation) for item in violations(changed(*path, odd)))


@given(PLACES, nested(PLAIN, TEXT | WORDS))
@UNHURRIED
def test_any_mutant_is_judged_as_jsonschema_does(path, value):
    document = changed(*path, value)
    found = [item for item in violations(document) if item.kind not in ("name", "version", "duplicate")]
    # An unknown field is told even where it is null, which JSON Schema does not get to see.
    told = [item for item in found if item.kind != "unknown" or _at(document, item.path) is not None]
    assert Draft202012Validator(SCHEMA).is_valid(without_nulls(document)) == (not told)


def _at(document, path):
    return functools.reduce(lambda value, step: value[step], path, document)


SCHEMA = json_schema()


def test_typical_document_takes_under_a_millisecond():
    violations(TYPICAL)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        violations(TYPICAL)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.001
