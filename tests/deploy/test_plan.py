"""What a plan says, word by word, for the changes that people make."""

import copy
from collections.abc import Callable
from typing import Any

from servegraph.deploy.plan import Columns, plan
from servegraph.deploy.plan.text import document, text
from servegraph.spec import SeldonDeployment, parse


def container(name: str, image: str = "shop/loans:1.0") -> dict[str, Any]:
    return {"name": name, "image": image, "env": [{"name": "MODEL_NAME", "value": f"models.{name}:Model"}]}


MODELS = [
    {"name": "old", "type": "MODEL", "modelUri": "models:/loans-old/1"},
    {"name": "new", "type": "MODEL", "modelUri": "models:/loans-new/1"},
]
AB = {
    "name": "ab",
    "implementation": "RANDOM_ABTEST",
    "parameters": [{"name": "ratioA", "value": "0.8", "type": "FLOAT"}],
    "children": MODELS,
}
LOANS: dict[str, Any] = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "loans"},
    "spec": {
        "predictors": [
            {
                "name": "main",
                "replicas": 1,
                "graph": {"name": "scale", "type": "TRANSFORMER", "children": [AB]},
                "componentSpecs": [{"spec": {"containers": [container("scale"), container("old"), container("new")]}}],
            }
        ]
    },
}
IRIS: dict[str, Any] = {
    "kind": "SeldonDeployment",
    "metadata": {"name": "iris"},
    "spec": {
        "predictors": [
            {
                "name": "main",
                "traffic": 90,
                "graph": {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://models/iris/1"},
            },
            {
                "name": "canary",
                "traffic": 10,
                "graph": {"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://models/iris/2"},
            },
        ]
    },
}

LEGEND = "  + added   ~ changed   - removed   -/+ replaced\n"
POD = "loans-main-0-scale-old-new"
READY = (
    "    * New pods are ready after 20 s at least, the delay of their probes, "
    "plus pulling images and downloading models."
)
DROPS = """\
    * A few requests can fail as each old pod ends: its engine stops listening at once, while the Service still sends \
to it. What it has accepted it answers (15 s).
"""
OVERLAP = """\
    * The old pods of predictor main go when every new one is ready, and stay if one never is. Until then both answer.
"""
ROLLING = f"""\
{READY} Old pods answer until then.
    * Each Deployment that rolls needs room for one pod more, GPUs included: maxSurge is 25 %, rounded up.
{DROPS}"""
LOST = """\
    * Requests fail until it answers again. Feedback for earlier answers and the windows of detectors are lost.
"""
UNREAD = "On this machine (servegraph run):\n    * Nothing to do: it does not read what changes.\n"


def restart(because: str) -> str:
    return f"On this machine (servegraph run):\n    * Restart it, it reads this at its start: {because}.\n{LOST}"


def changed(base: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> SeldonDeployment:
    later = copy.deepcopy(base)
    change(later)
    return parse(later, "new")


def planned(base: dict[str, Any], change: Callable[[dict[str, Any]], Any], **known: Any) -> str:
    return text(plan(parse(base, "old"), changed(base, change), **known), "old.yaml", "new.yaml")


def main(document: dict[str, Any]) -> dict[str, Any]:
    predictor: dict[str, Any] = document["spec"]["predictors"][0]
    return predictor


def ab(document: dict[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = main(document)["graph"]["children"][0]
    return node


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = main(document)["componentSpecs"][0]["spec"]["containers"]
    return found


def test_same_deployment_changes_nothing() -> None:
    assert planned(LOANS, lambda _: None) == "loans: old.yaml -> new.yaml\n\nNo changes.\n"


def test_ratio_restarts_the_pod_of_the_engine() -> None:
    assert planned(LOANS, lambda loans: ab(loans)["parameters"][0].update(value="0.5")) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ node main/ab (RANDOM_ABTEST)\n"
        "        ~ parameters[ratioA]: 0.8 -> 0.5\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: rolling update (its engine carries the whole predictor)\n"
        f"{ROLLING}\n"
        f"{restart('node ab')}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_version_restarts_the_pod_that_loads_it() -> None:
    assert planned(LOANS, lambda loans: ab(loans)["children"][1].update(modelUri="models:/loans-new/2")) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ node main/new (MODEL)\n"
        "        ~ modelUri: models:/loans-new/1 -> models:/loans-new/2\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: rolling update (modelUri of new)\n"
        f"{ROLLING}\n"
        f"{restart('node new')}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_image_restarts_the_pod_and_is_nothing_to_a_local_server() -> None:
    assert planned(LOANS, lambda loans: containers(loans)[1].update(image="shop/loans:1.1")) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ node main/old (MODEL)\n"
        "        ~ image: shop/loans:1.0 -> shop/loans:1.1\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: rolling update (image of old)\n"
        f"{ROLLING}\n"
        f"{UNREAD}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_renamed_node_gets_a_deployment_beside_the_old_one() -> None:
    def rename(loans: dict[str, Any]) -> None:
        ab(loans)["children"][1]["name"] = containers(loans)[2]["name"] = "linear"

    assert planned(LOANS, rename) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "  -/+ node main/new -> main/linear (MODEL)\n\n"
        "Under Seldon's operator:\n"
        "    - Deployment loans-main-0-scale-old-new: deleted once all that is new is ready\n"
        "    + Deployment loans-main-0-scale-old-linear: created\n"
        "    - Service loans-main-new: deleted once all that is new is ready\n"
        "    + Service loans-main-linear: created\n"
        f"{READY}\n"
        f"{DROPS}{OVERLAP}\n"
        f"{restart('node ab, node new, node linear')}\n"
        "Plan: 1 to add, 0 to change, 1 to destroy.\n"
    )


def test_renamed_node_in_a_pod_with_a_name_of_its_own_is_down_for_a_while() -> None:
    named = copy.deepcopy(LOANS)
    main(named)["componentSpecs"][0]["metadata"] = {"name": "all"}

    def rename(loans: dict[str, Any]) -> None:
        ab(loans)["children"][1]["name"] = containers(loans)[2]["name"] = "linear"

    said = planned(named, rename)
    assert "  -/+ Deployment loans-main-0-all: deleted and created again (node linear comes, node new goes)\n" in said
    assert (
        "    * Requests to predictor main FAIL for 20 s at least: a selector cannot be changed, so loans-main-0-all is "
        "deleted first and created then.\n"
    ) in said


def test_replicas_restart_nothing() -> None:
    assert planned(LOANS, lambda loans: main(loans).update(replicas=3)) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ predictor main\n"
        "        ~ replicas: 1 -> 3\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: scaled, 1 -> 3 replicas\n"
        "    * No pod that stays is restarted.\n\n"
        f"{UNREAD}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_replicas_of_a_pod_restart_the_engine_as_it_carries_them() -> None:
    said = planned(LOANS, lambda loans: main(loans)["componentSpecs"][0].update(replicas=3))

    assert f"    ~ Deployment {POD}: rolling update, 1 -> 3 replicas (its engine carries the whole predictor)\n" in said


def test_no_replicas_are_never_ready() -> None:
    assert (
        f"    * With 0 replicas {POD} never counts as ready: the object stays Creating, the gateway is not told, "
        "and nothing old is removed.\n"
    ) in planned(LOANS, lambda loans: main(loans).update(replicas=0))


def test_replicas_beside_an_autoscaler_do_nothing() -> None:
    scaled = copy.deepcopy(LOANS)
    main(scaled)["componentSpecs"][0]["hpaSpec"] = {"maxReplicas": 5}
    said = planned(scaled, lambda loans: main(loans).update(replicas=3))

    assert "Deployment" not in said
    assert "    * replicas does not count for the pod of scale, old, new: its autoscaler decides.\n" in said


def test_traffic_restarts_nothing() -> None:
    def shift(iris: dict[str, Any]) -> None:
        main(iris)["traffic"] = 50
        iris["spec"]["predictors"][1]["traffic"] = 50

    assert planned(IRIS, shift) == (
        "iris: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ predictor main\n"
        "        ~ traffic: 90 -> 50\n\n"
        "    ~ predictor canary\n"
        "        ~ traffic: 10 -> 50\n\n"
        "Under Seldon's operator:\n"
        "    ~ VirtualService or Mappings iris: updated in place, "
        "weight of main: 90 -> 50, weight of canary: 10 -> 50\n"
        "    * The gateway is told when all Deployments are ready; "
        "without one (Istio, Ambassador) nothing splits traffic.\n\n"
        f"{restart('traffic of predictor main, traffic of predictor canary')}\n"
        "Plan: 0 to add, 2 to change, 0 to destroy.\n"
    )


def test_weight_of_nothing_is_an_even_split_with_ambassador() -> None:
    def all_to_main(iris: dict[str, Any]) -> None:
        main(iris)["traffic"] = 100
        iris["spec"]["predictors"][1]["traffic"] = 0

    said = planned(IRIS, all_to_main)
    assert "    * Ambassador leaves out a weight of 0: its traffic is then split evenly.\n" in said


def test_annotation_restarts_every_pod() -> None:
    services = "loans-main, loans-main-scale, loans-main-old, loans-main-new"

    assert planned(LOANS, lambda loans: main(loans).update(annotations={"seldon.io/rest-timeout": "2000"})) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ predictor main\n"
        "        + annotations[seldon.io/rest-timeout]: 2000\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: rolling update (annotation seldon.io/rest-timeout)\n"
        f"    ~ Services {services}: updated in place (annotation seldon.io/rest-timeout)\n"
        f"{ROLLING}\n"
        f"{restart('annotation seldon.io/rest-timeout')}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_annotation_of_the_object_reaches_no_pod() -> None:
    said = planned(LOANS, lambda loans: loans["metadata"].update(annotations={"team": "risk"}))

    assert "    * No object changes: the operator makes the same of both.\n" in said
    assert "    * metadata.annotations reach no pod: only those of spec, predictors and pods are copied.\n" in said


def test_added_node_gets_a_deployment_beside_the_old_one() -> None:
    def add(loans: dict[str, Any]) -> None:
        main(loans)["graph"] = {"name": "clean", "type": "TRANSFORMER", "children": [main(loans)["graph"]]}
        containers(loans).append(container("clean"))

    assert planned(LOANS, add) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ node main/scale (TRANSFORMER)\n"
        "        + parent: clean\n\n"
        "    + node main/clean (TRANSFORMER)\n"
        "        + image: shop/loans:1.0\n"
        "        + env[MODEL_NAME]: models.clean:Model\n"
        "        + type: TRANSFORMER\n\n"
        "Under Seldon's operator:\n"
        "    - Deployment loans-main-0-scale-old-new: deleted once all that is new is ready\n"
        "    + Deployment loans-main-0-scale-old-new-clean: created\n"
        "    + Service loans-main-clean: created\n"
        f"{READY}\n"
        f"{DROPS}{OVERLAP}\n"
        f"{restart('node clean')}\n"
        "Plan: 1 to add, 1 to change, 0 to destroy.\n"
    )


def test_removed_node_moves_its_child_up() -> None:
    def remove(loans: dict[str, Any]) -> None:
        main(loans)["graph"] = ab(loans)
        del containers(loans)[0]

    said = planned(LOANS, remove)
    assert "    - node main/scale (TRANSFORMER)\n" in said
    assert "    ~ node main/ab (RANDOM_ABTEST)\n        - parent: scale\n" in said
    assert said.endswith("Plan: 0 to add, 1 to change, 1 to destroy.\n")


def test_children_that_change_places_are_told() -> None:
    said = planned(LOANS, lambda loans: ab(loans)["children"].reverse())

    assert '    ~ node main/ab (RANDOM_ABTEST)\n        ~ children: ["old", "new"] -> ["new", "old"]\n' in said


def test_protocol_is_a_change_for_the_callers() -> None:
    assert planned(LOANS, lambda loans: loans["spec"].update(protocol="v2")) == (
        "loans: old.yaml -> new.yaml\n\n"
        f"{LEGEND}\n"
        "    ~ SeldonDeployment loans\n"
        "        + spec.protocol: v2\n\n"
        "Under Seldon's operator:\n"
        f"    ~ Deployment {POD}: rolling update (protocol)\n"
        "    * Callers have to change with it: POST /api/v1.0/predictions becomes POST /v2/models/scale/infer. "
        "While it rolls, pods of both protocols answer, and requests of either kind FAIL at the other.\n"
        f"{ROLLING}\n"
        f"{restart('protocol')}\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_transport_changes_how_nodes_are_called() -> None:
    said = planned(LOANS, lambda loans: loans["spec"].update(transport="grpc"))

    assert "    * The engine calls nodes over grpc instead of rest: their servers have to speak it.\n" in said


def test_default_that_is_written_down_is_the_same_to_the_operator() -> None:
    said = planned(LOANS, lambda loans: loans["spec"].update(protocol="seldon", transport="rest"))

    assert "    * No object changes: the operator makes the same of both.\n" in said
    assert UNREAD in said


def test_columns_of_the_artifacts_are_compared() -> None:
    columns = {
        "models:/loans-new/1": Columns({"age": "long", "income": "double"}, {"risk": "double"}),
        "models:/loans-new/2": Columns({"age": "double", "debt": "double"}, {"risk": "double"}),
    }
    said = planned(
        LOANS, lambda loans: ab(loans)["children"][1].update(modelUri="models:/loans-new/2"), columns=columns
    )

    assert (
        "        ~ modelUri: models:/loans-new/1 -> models:/loans-new/2\n"
        "        ~ input.age: long -> double\n"
        "        - input.income: double\n"
        "        + input.debt: double\n"
    ) in said
    assert "    * Node main/new takes other columns: what sends them has to change with it.\n" in said


def test_name_of_the_service_replaces_the_deployment() -> None:
    said = planned(LOANS, lambda loans: main(loans).update(annotations={"seldon.io/svc-name": "front"}))

    assert (
        f"  -/+ Deployment {POD}: deleted and created again (the engine moves, or its Service has another name)\n"
        in said
    )


def test_other_name_is_another_object_and_the_old_one_stays() -> None:
    said = planned(LOANS, lambda loans: loans["metadata"].update(name="credits"))

    assert "    + SeldonDeployment credits\n" in said
    assert (
        "    * This is another object: `kubectl apply` makes it beside loans, which stays, pods and all, "
        "until you delete it.\n"
    ) in said
    assert said.endswith("Plan: 1 to add, 0 to change, 0 to destroy.\n")


def test_explainer_does_not_restart_its_predictor() -> None:
    explainer = {"type": "AnchorTabular", "modelUri": "gs://explainers/iris"}
    said = planned(IRIS, lambda iris: main(iris).update(explainer=explainer))

    assert "    + explainer main (AnchorTabular)\n" in said
    assert "    + Deployment iris-main-explainer: created\n" in said
    assert "rolling update" not in said


def test_ports_that_move_are_a_danger_to_nodes_in_other_pods() -> None:
    pods = copy.deepcopy(LOANS)
    main(pods)["componentSpecs"] = [{"spec": {"containers": [container(name)]}} for name in ("scale", "old", "new")]
    said = planned(
        pods, lambda loans: main(loans)["componentSpecs"].insert(1, {"spec": {"containers": [container("x")]}})
    )

    assert (
        "    * Requests that need new, old can FAIL until the roll is over: ports are counted by the order of" in said
    )


def test_router_forgets_what_it_learned() -> None:
    bandit = copy.deepcopy(LOANS)
    del ab(bandit)["implementation"], ab(bandit)["parameters"]
    ab(bandit)["type"] = "ROUTER"
    containers(bandit).append(container("ab"))
    said = planned(bandit, lambda loans: containers(loans)[0].update(image="shop/loans:2.0"))

    assert "    * What ab learned from feedback is gone, unless it is kept outside of the pod.\n" in said


def test_secret_is_not_shown() -> None:
    secret = {"name": "AWS_SECRET_ACCESS_KEY", "value": "hunter2"}
    new = changed(LOANS, lambda loans: containers(loans)[0]["env"].append(secret))
    made = plan(parse(LOANS, "old"), new)

    assert "        + env[AWS_SECRET_ACCESS_KEY]: (not shown)\n" in text(made, "old", "new")
    assert "hunter2" not in str(document(made, "old", "new"))


def test_document_says_the_same_as_the_text() -> None:
    made = plan(parse(LOANS, "old"), changed(LOANS, lambda loans: main(loans).update(replicas=3)))

    assert document(made, "old.yaml", "new.yaml") == {
        "name": "loans",
        "old": "old.yaml",
        "new": "new.yaml",
        "changes": [
            {
                "action": "~",
                "kind": "predictor",
                "name": "main",
                "fields": [{"action": "~", "path": "replicas", "old": 1, "new": 3}],
            }
        ],
        "cluster": {
            "objects": [
                {"kind": "Deployment", "name": POD, "outcome": "scaled", "details": "1 -> 3 replicas", "because": []}
            ],
            "notes": ["No pod that stays is restarted."],
        },
        "local": {"restart": False, "because": []},
        "summary": {"add": 0, "change": 1, "destroy": 0},
    }
