import copy

from servegraph.spec import SeldonDeployment
from servegraph.spec.crd import violations
from servegraph.spec.defaulting import Filled, defaulted

ONE_SERVER = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {"name": "iris", "namespace": "prod"},
    "spec": {
        "predictors": [
            {
                "name": "default",
                "graph": {
                    "name": "classifier",
                    "implementation": "SKLEARN_SERVER",
                    "modelUri": "s3://models/iris",
                    "parameters": [{"name": "method", "type": "STRING", "value": "predict"}],
                },
            }
        ]
    },
}
KUBERNETES = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
PODINFO = {"name": "seldon-podinfo", "mountPath": "/etc/podinfo"}


def metrics(port):
    return {"name": "metrics", "containerPort": port, "protocol": "TCP"}


def predictors(*documents, namespace=None, **spec):
    """The predictors of a deployment after defaulting, as JSON."""
    document = {**ONE_SERVER, "spec": {**spec, "predictors": list(documents)}}
    after = defaulted(SeldonDeployment.read(document), namespace).deployment.as_json()
    assert violations(after) == []
    return after["spec"]["predictors"]


def pod(*containers):
    return {"spec": {"containers": [{"name": name, "image": f"example.com/{name}:1"} for name in containers]}}


def test_server_without_container_gets_one():
    before = SeldonDeployment.read(copy.deepcopy(ONE_SERVER))
    result = defaulted(before)
    assert result.deployment.as_json()["spec"]["predictors"] == [
        {
            "name": "default",
            "labels": {"version": "default"},
            "graph": {
                "name": "classifier",
                "type": "MODEL",
                "implementation": "SKLEARN_SERVER",
                "modelUri": "s3://models/iris",
                "parameters": [{"name": "method", "type": "STRING", "value": "predict"}],
                "endpoint": {"service_host": "localhost", "service_port": 9000, "httpPort": 9000, "grpcPort": 9500},
            },
            "componentSpecs": [
                {
                    "spec": {
                        "containers": [
                            {
                                "name": "classifier",
                                "image": "seldonio/sklearnserver:1.18.2",
                                **KUBERNETES,
                                "volumeMounts": [PODINFO],
                                "ports": [metrics(6000)],
                            }
                        ]
                    }
                }
            ],
        }
    ]
    assert before.as_json() == ONE_SERVER


def test_what_was_filled_is_told_with_its_place_and_reason():
    result = defaulted(SeldonDeployment.read(ONE_SERVER))
    where = ("spec", "predictors", 0)
    container = (*where, "componentSpecs", 0, "spec", "containers", 0)
    assert [(item.path, item.value) for item in result.filled] == [
        ((*where, "labels", "version"), "default"),
        ((*where, "graph", "type"), "MODEL"),
        (container, {"name": "classifier", "image": "seldonio/sklearnserver:1.18.2"}),
        ((*container, "imagePullPolicy"), "IfNotPresent"),
        ((*container, "terminationMessagePath"), "/dev/termination-log"),
        ((*container, "terminationMessagePolicy"), "File"),
        ((*container, "volumeMounts", 0), PODINFO),
        ((*container, "ports", 0), metrics(6000)),
        ((*where, "graph", "endpoint", "service_host"), "localhost"),
        ((*where, "graph", "endpoint", "service_port"), 9000),
        ((*where, "graph", "endpoint", "httpPort"), 9000),
        ((*where, "graph", "endpoint", "grpcPort"), 9500),
    ]
    assert result.filled[2].why == "the container of SKLEARN_SERVER with protocol seldon"


def test_ports_are_counted_over_all_predictors_and_kept_by_name():
    def chain(name):
        graph = {"name": "scaler", "type": "TRANSFORMER", "children": [{"name": name}]}
        return {"name": f"with-{name}", "graph": graph, "componentSpecs": [pod("scaler", "proxy"), pod(name)]}

    first, second = predictors(chain("old"), chain("new"))
    assert [node_ports(item["graph"]) for item in (first, second)] == [(9000, 9500), (9000, 9500)]
    assert node_ports(first["graph"]["children"][0]) == (9002, 9502)  # the proxy has 9001
    assert node_ports(second["graph"]["children"][0]) == (9003, 9503)
    assert [metrics_ports(item) for item in (first, second)] == [[6000, None, 6001], [6002, None, 6003]]


def node_ports(node):
    return node["endpoint"]["httpPort"], node["endpoint"]["grpcPort"]


def metrics_ports(predictor):
    containers = [item for component in predictor["componentSpecs"] for item in component["spec"]["containers"]]
    return [item["ports"][0]["containerPort"] if "ports" in item else None for item in containers]


def test_node_of_another_pod_is_reached_by_its_service():
    graph = {"name": "scaler", "type": "TRANSFORMER", "children": [{"name": "model"}]}
    predictor = {"name": "main", "graph": graph, "componentSpecs": [pod("scaler"), pod("model")]}
    (after,) = predictors(predictor)
    assert after["graph"]["endpoint"]["service_host"] == "localhost"
    model = after["graph"]["children"][0]
    assert model["type"] == "MODEL"
    assert model["implementation"] == "UNKNOWN_IMPLEMENTATION"
    assert model["endpoint"]["service_host"] == "iris-main-model.prod.svc.cluster.local"

    (after,) = predictors(predictor, namespace="test", annotations={"seldon.io/engine-separate-pod": "true"})
    assert after["graph"]["endpoint"]["service_host"] == "iris-main-scaler.test.svc.cluster.local"


def test_declared_ports_and_transport_decide_where_a_node_is_asked():
    written = pod("model")
    written["spec"]["containers"][0]["ports"] = [
        {"name": "grpc", "containerPort": 7777},
        {"name": "metrics", "containerPort": 8888},
    ]
    graph = {"name": "model", "endpoint": {"type": "REST", "service_port": 1}}
    predictor = {"name": "main", "graph": graph, "componentSpecs": [written]}
    (after,) = predictors(predictor, transport="grpc")
    assert after["graph"]["endpoint"] == {
        "type": "REST",
        "service_port": 7777,
        "service_host": "localhost",
        "httpPort": 9000,
        "grpcPort": 7777,
    }
    assert after["componentSpecs"][0]["spec"]["containers"][0]["ports"] == [
        {"name": "grpc", "containerPort": 7777},
        {"name": "metrics", "containerPort": 8888},
    ]


def test_endpoint_of_type_grpc_is_asked_at_its_grpc_port():
    graph = {"name": "model", "endpoint": {"type": "GRPC"}}
    (after,) = predictors({"name": "main", "graph": graph, "componentSpecs": [pod("model")]})
    assert after["graph"]["endpoint"]["service_port"] == 9500


def test_container_without_image_gets_that_of_its_server():
    graph = {"name": "m", "implementation": "XGBOOST_SERVER", "modelUri": "gs://m", "type": "TRANSFORMER"}
    bare = {"spec": {"containers": [{"name": "m", "resources": {"limits": {"cpu": "1"}}}]}}
    (after,) = predictors({"name": "main", "graph": graph, "componentSpecs": [bare]}, protocol="kfserving")
    assert after["componentSpecs"][0]["spec"]["containers"][0]["image"] == "seldonio/mlserver:1.3.5-xgboost"
    assert after["graph"]["type"] == "MODEL"

    (after,) = predictors({"name": "main", "graph": graph, "componentSpecs": [pod("m")]})
    assert after["componentSpecs"][0]["spec"]["containers"][0]["image"] == "example.com/m:1"


def test_servers_without_container_join_the_first_pod():
    graph = {"name": "front", "type": "COMBINER", "children": [
        {"name": "a", "implementation": "SKLEARN_SERVER", "modelUri": "gs://a"},
        {"name": "b", "implementation": "TRITON_SERVER", "modelUri": "gs://b"},
    ]}  # fmt: skip
    (after,) = predictors({"name": "main", "graph": graph, "componentSpecs": [pod("front"), pod("side")]})
    first, second = [component["spec"]["containers"] for component in after["componentSpecs"]]
    assert [(item["name"], item.get("image")) for item in first] == [
        ("front", "example.com/front:1"),
        ("a", "seldonio/sklearnserver:1.18.2"),
        ("b", None),  # no image for this server and protocol
    ]
    assert second == [{"name": "side", "image": "example.com/side:1"}]
    assert [node_ports(child) for child in after["graph"]["children"]] == [(9002, 9502), (9003, 9503)]


def test_tensorflow_protocol_leaves_the_image_to_later():
    graph = {"name": "m", "implementation": "TENSORFLOW_SERVER", "modelUri": "gs://m"}
    (after,) = predictors({"name": "main", "graph": graph}, protocol="tensorflow")
    assert "image" not in after["componentSpecs"][0]["spec"]["containers"][0]


def test_built_in_nodes_get_no_container():
    graph = {"name": "ab", "implementation": "RANDOM_ABTEST", "children": [{"name": "a"}, {"name": "b"}]}
    (after,) = predictors({"name": "main", "graph": graph, "componentSpecs": [pod("a", "b")]})
    assert "endpoint" not in after["graph"]
    assert "type" not in after["graph"]
    assert [child["type"] for child in after["graph"]["children"]] == ["MODEL", "MODEL"]


def test_old_podinfo_mount_is_replaced_and_labels_are_kept():
    written = pod("model")
    written["spec"]["containers"][0]["volumeMounts"] = [
        {"name": "podinfo", "mountPath": "/etc/podinfo"},
        {"name": "data", "mountPath": "/data"},
    ]
    labels = {"version": "7", "team": "a"}
    graph = {"name": "model", "type": "MODEL"}
    (after,) = predictors({"name": "main", "labels": labels, "graph": graph, "componentSpecs": [written]})
    mounts = after["componentSpecs"][0]["spec"]["containers"][0]["volumeMounts"]
    assert mounts == [{"name": "data", "mountPath": "/data"}, PODINFO]
    assert after["labels"] == {"version": "7", "team": "a"}


def test_defaulting_twice_fills_nothing_more():
    once = defaulted(SeldonDeployment.read(ONE_SERVER))
    assert once.filled[0] == Filled(
        ("spec", "predictors", 0, "labels", "version"), "default", "the version of a predictor is its name"
    )
    again = defaulted(once.deployment)
    assert again.filled == []
    assert again.deployment == once.deployment
