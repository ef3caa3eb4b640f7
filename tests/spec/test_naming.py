from servegraph.spec import SeldonDeployment, naming

LONG = "a-very-long-deployment-name-for-a-model-in-some-department-of-some-company"


def test_short_names_are_joined_by_dashes():
    assert naming.seldon_id("iris") == "iris"
    assert naming.deployment_name("iris", "default", 0, ["scaler", "classifier"]) == "iris-default-0-scaler-classifier"
    assert naming.deployment_name("iris", "default", 1, "wide") == "iris-default-1-wide"
    assert naming.predictor_service("iris", "default", {}) == "iris-default"
    assert naming.container_service("iris", "default", "classifier") == "iris-default-classifier"
    assert naming.orchestrator_deployment("iris", "default") == "iris-default-svc-orch"
    assert naming.explainer_name("iris", "default") == "iris-default-explainer"


def test_names_over_63_characters_become_their_digest():
    assert naming.seldon_id(LONG) == "seldon-24537f13b752fec4550a5f1b1c177d53"
    assert naming.predictor_service(LONG, "default", {}) == "seldon-5c0ec0ff830066e72c871ad343ef8fb3"
    deployment = naming.deployment_name(LONG, "default", 0, ["classifier"])
    assert deployment == "seldon-04bed17cc84e65528a076072c8749be4"
    container = naming.container_service(LONG, "default", "classifier")
    assert container == "seldon-4c42af876144bebbb1326078ec8b929f"
    orchestrator = naming.orchestrator_deployment(LONG, "default")
    assert orchestrator == "seldon-79d2e380435e372fc4ca1b231b01bea3"
    assert naming.explainer_name(LONG, "default") == "seldon-c93e14bd97c614f9b1471393d4eff765"


def test_prefix_option_keeps_the_name_when_it_fits():
    predictor = "C12345678912345678901234567890123456789012345678901234567890"
    assert naming.deployment_name("s", predictor, 0, ["m"]) == "seldon-10eb0f02cdc303e74043e57c1d8147ab"
    prefixed = naming.deployment_name("s", predictor, 0, ["m"], as_prefix=True)
    assert prefixed == "s-10eb0f02cdc303e74043e57c1d8147ab"
    too_long = naming.deployment_name(LONG, "default", 0, ["classifier"], as_prefix=True)
    assert too_long == "seldon-04bed17cc84e65528a076072c8749be4"
    assert naming.deployment_name("iris", "default", 0, ["m"], as_prefix=True) == "iris-default-0-m"


def test_63_characters_are_kept_and_64_are_not():
    assert naming.seldon_id("x" * 63) == "x" * 63
    assert naming.seldon_id("x" * 64) == "seldon-c1bb4f81d892b2d57947682aeb252456"


def test_annotated_service_name_is_taken_as_it_is():
    annotations = {"seldon.io/svc-name": "n" * 70}
    assert naming.predictor_service("iris", "default", annotations) == "n" * 70


def deployment(spec):
    return SeldonDeployment.model_validate({"metadata": {"name": "shop"}, "spec": spec})


def test_generated_names_of_two_pods_carry_their_places():
    pods = [
        {"spec": {"containers": [{"name": "scaler"}, {"name": "proxy"}]}, "hpaSpec": {"maxReplicas": 3}},
        {"metadata": {"name": "wide"}, "spec": {"containers": [{"name": "model"}]}, "pdbSpec": {"minAvailable": 1}},
    ]
    graph = {"name": "scaler", "children": [{"name": "model"}]}
    names = naming.generated_names(deployment({"predictors": [{"name": "a", "graph": graph, "componentSpecs": pods}]}))
    pod = ("spec", "predictors", 0, "componentSpecs")
    assert [(item.kind, item.name, item.path) for item in names] == [
        ("Deployment", "shop-a-0-scaler-proxy", (*pod, 0)),
        ("HorizontalPodAutoscaler", "shop-a-0-scaler-proxy", (*pod, 0)),
        ("Deployment", "shop-a-1-wide", (*pod, 1, "metadata", "name")),
        ("PodDisruptionBudget", "shop-a-1-wide", (*pod, 1, "metadata", "name")),
        ("Service", "shop-a-scaler", (*pod, 0, "spec", "containers", 0, "name")),
        ("Service", "shop-a-model", (*pod, 1, "spec", "containers", 0, "name")),
        ("Service", "shop-a", ("spec", "predictors", 0, "name")),
    ]
    assert not any(item.is_shortened for item in names)


def test_generated_names_of_servers_without_container_come_from_the_graph():
    graph = {"name": "first", "implementation": "SKLEARN_SERVER", "children": [
        {"name": "second", "implementation": "XGBOOST_SERVER"},
    ]}  # fmt: skip
    predictor = {"name": "a", "graph": graph, "explainer": {"type": "TreeShap"}}
    annotations = {"seldon.io/engine-separate-pod": "True"}
    names = naming.generated_names(deployment({"annotations": annotations, "predictors": [predictor]}))
    where = ("spec", "predictors", 0)
    assert [(item.kind, item.name, item.path) for item in names] == [
        ("Deployment", "shop-a-0-first-second", (*where, "graph", "name")),
        ("Service", "shop-a-first", (*where, "graph", "name")),
        ("Service", "shop-a-second", (*where, "graph", "children", 0, "name")),
        ("Service", "shop-a", (*where, "name")),
        ("Deployment", "shop-a-svc-orch", (*where, "name")),
        ("Deployment", "shop-a-explainer", (*where, "name")),
        ("Service", "shop-a-explainer", (*where, "name")),
    ]


def test_generated_names_leave_out_what_the_operator_does_not_make():
    annotations = {"seldon.io/no-engine": "true", "seldon.io/svc-name": "front"}
    pods = [{"spec": {"containers": []}}, {"spec": {"containers": [{"name": "tfserving"}, {"name": "side"}]}}]
    predictor = {"name": "a", "graph": {"name": "tfserving"}, "componentSpecs": pods, "annotations": annotations}
    spec = {"annotations": {"seldon.io/engine-separate-pod": "true"}, "predictors": [{**predictor, "explainer": {}}]}
    assert [(item.kind, item.name) for item in naming.generated_names(deployment(spec))] == [
        ("Deployment", "shop-a-1-tfserving-side"),
        ("Service", "front"),
    ]


def test_generated_name_that_was_shortened_keeps_the_whole_one():
    predictor = {"name": "p" * 70, "graph": {"name": "m", "type": "MODEL"}}
    (service,) = naming.generated_names(deployment({"predictors": [predictor]}))
    assert service.is_shortened
    assert service.full_name == "shop-" + "p" * 70
    assert service.name == "seldon-9ad701455c8886eb48940a362eba17e8"
