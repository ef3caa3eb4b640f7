"""SG330, SG331, SG333, SG334, SG337-SG339: prepackaged servers, and what a protocol makes of a graph."""

from collections.abc import Iterator

from servegraph.check.behaviour.free_values import mapping
from servegraph.check.edit import Insert, Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Predictor, Subject
from servegraph.spec.servers import PREPACKAGED, SELDON, TENSORFLOW, V2, server_image, server_parameters
from servegraph.spec.unit import UnitMethod, UnitType

SKLEARN_METHODS = ("predict_proba", "predict", "decision_function")


def _stock(subject: Subject) -> Iterator[tuple[Predictor, Node, str]]:
    """Nodes that run in one of Seldon's own server images, with the name of the implementation."""
    for predictor, node in subject.nodes:
        name = node.unit.implementation or ""
        if name in PREPACKAGED and not (node.container and node.container.spec.image):
            yield predictor, node, name


@rule("SG330", Level.ERROR, "A server without an image for the protocol", cluster_only=True)
def images(subject: Subject) -> Iterator[Found]:
    """A prepackaged server has an image for some of the protocols: TRITON_SERVER, HUGGINGFACE_SERVER and TEMPO_SERVER
    only for v2, TENSORFLOW_SERVER only for seldon and tensorflow. The webhook looks only whether the server is known.
    The container then has no image, Kubernetes refuses the Deployment, and the state becomes Failed."""
    for _, node, name in _stock(subject):
        known = PREPACKAGED[name].images
        if subject.protocol not in (SELDON, V2, TENSORFLOW):
            return  # which is an error of its own
        if server_image(name, subject.protocol) or (subject.protocol == TENSORFLOW and SELDON in known and V2 in known):
            continue  # the webhook refuses the protocol tensorflow for the latter
        words = " or ".join(known)
        message = f"node {node.unit.name!r}: {name} has no image for the protocol {subject.protocol}"
        help_ = f"set spec.protocol to {words}, or give its container an image"
        yield Found((*node.place, "implementation"), message, help_, edits=_to_v2(subject) if V2 in known else [])


def _to_v2(subject: Subject) -> list[Insert | Replace]:
    """Change the protocol, if all nodes can speak no other."""
    for _, node in subject.nodes:
        server = PREPACKAGED.get(node.unit.implementation or "")
        if server is None or set(server.images) != {V2}:
            return []
    if subject.document.has(("spec", "protocol")):
        return [Replace(("spec", "protocol"), V2)]
    return [Insert(("spec",), "protocol", V2)]


@rule("SG331", Level.WARNING, "An MLflow model that gets its columns without names")
def mlflow_xtype(subject: Subject) -> Iterator[Found]:
    """With the seldon protocol MLFLOW_SERVER hands the model a bare numpy array, unless the parameter `xtype` says
    otherwise. A model that was logged with a DataFrame as its example has a signature of named columns, and MLflow
    then refuses every request: "Model is missing inputs". With `xtype: DataFrame` the names in the request are the
    columns."""
    for _, node, name in _stock(subject):
        if name == "MLFLOW_SERVER" and subject.protocol == SELDON:
            if not any(parameter.name == "xtype" for parameter in node.unit.parameters):
                message = f"node {node.unit.name!r} gets arrays without column names, as there is no parameter xtype"
                help_ = "set xtype to DataFrame for a model with named columns, to ndarray for one without"
                yield Found((*node.place, "implementation"), message, help_)


@rule("SG333", Level.WARNING, "A method that SKLEARN_SERVER does not know")
def sklearn_methods(subject: Subject) -> Iterator[Found]:
    """SKLEARN_SERVER calls predict_proba, predict or decision_function, as its parameter `method` says. Any other
    word means predict, without a message, so a misspelt `predict_proba` turns probabilities into class labels."""
    for _, node, name in _stock(subject):
        for index, parameter in enumerate(node.unit.parameters):
            known = parameter.value in SKLEARN_METHODS
            if name == "SKLEARN_SERVER" and subject.protocol == SELDON and parameter.name == "method" and not known:
                message = f"node {node.unit.name!r}: method {parameter.value!r} is taken as predict"
                help_ = f"use one of {', '.join(SKLEARN_METHODS)}"
                yield Found((*node.place, "parameters", index, "value"), message, help_)


@rule("SG334", Level.WARNING, "A parameter that its server does not read")
def silent_parameters(subject: Subject) -> Iterator[Found]:
    """With the protocols v2 and tensorflow the servers do not look at the parameters of their node: a `method` of
    SKLEARN_SERVER has no effect (the request asks for the output `predict` or `predict_proba` instead), and TensorFlow
    Serving's model is always named like the node. TRITON_SERVER reads its parameters only with the annotation
    `seldon.io/no-storage-initializer`."""
    direct = subject.deployment.spec.annotations.get("seldon.io/no-storage-initializer", "").lower() == "true"
    for _, node, name in _stock(subject):
        known = server_parameters(name, subject.protocol) if direct or name != "TRITON_SERVER" else frozenset[str]()
        for index, parameter in enumerate(node.unit.parameters):
            renamed = name == "TENSORFLOW_SERVER" and parameter.name == "model_name"
            same = renamed and parameter.value == node.unit.name
            unread = subject.protocol != SELDON and known is not None and parameter.name not in known
            if not same and (unread or renamed):
                place = (*node.place, "parameters", index)
                why = "names the model like the node" if renamed else f"reads none with {subject.protocol}"
                message = f"node {node.unit.name!r}: parameter {parameter.name!r} has no effect, as {name} {why}"
                yield Found((*place, "name"), message, "remove it", edits=[Remove(place)])


@rule("SG337", Level.NOTE, "Metrics that a PodMonitor does not find", cluster_only=True)
def server_metrics(subject: Subject) -> Iterator[Found]:
    """With the v2 protocol the operator replaces the ports of a prepackaged server's container by `http` and `grpc`.
    The port `metrics` disappears, and Seldon's PodMonitor, which looks for a port of that name, does not scrape the
    server. The orchestrator's metrics are not affected."""
    found = [node for _, node, _ in _stock(subject)] if subject.protocol == V2 else []
    if found:
        message = f"the server of node {found[0].unit.name!r} has no port named metrics with the v2 protocol"
        help_ = "scrape it by number or by annotation if you need its own metrics"
        yield Found((*found[0].place, "implementation"), message, help_)


@rule("SG338", Level.NOTE, "One model name for all nodes", cluster_only=True)
def model_names(subject: Subject) -> Iterator[Found]:
    """With the protocols v2 and tensorflow a model name in the URL, or in the gRPC request, is passed to every node
    of the graph in place of its own name, and all but one refuse it. Graphs of several nodes answer only under the
    path without a name, `/v2/models/infer` or `/v1/models/:predict`; gRPC has no such path."""
    for predictor in subject.predictors:
        nodes = [node for node in predictor.nodes if not node.unit.built_in]
        if subject.protocol in (V2, TENSORFLOW) and len(nodes) > 1:
            path = "/v2/models/infer" if subject.protocol == V2 else "/v1/models/:predict"
            message = f"a model name in a request reaches all {len(nodes)} nodes of predictor {predictor.spec.name!r}"
            yield Found((*predictor.place, "graph"), message, f"send requests to {path}, which names none", at_key=True)
            return


@rule("SG339", Level.ERROR, "Only models with v2 over gRPC", cluster_only=True)
def grpc_node_types(subject: Subject) -> Iterator[Found]:
    """With the v2 protocol over gRPC the orchestrator can call models and nothing else. A transformer, router or
    combiner ends its process at the first request, with exit code 2, and with it all requests that are under way."""
    grpc = subject.deployment.spec.transport == "grpc"
    for _, node in subject.nodes:
        unit = node.unit
        over_grpc = grpc or mapping(unit.endpoint).get("type") == "GRPC"
        called = unit.effective_type not in (UnitType.MODEL, UnitType.UNKNOWN_TYPE) or (
            any(isinstance(method, UnitMethod) and method != UnitMethod.SEND_FEEDBACK for method in unit.methods)
        )
        if subject.protocol == V2 and over_grpc and called and not unit.built_in:
            what = unit.effective_type if unit.effective_type != UnitType.UNKNOWN_TYPE else "/".join(unit.methods)
            message = f"node {unit.name!r} ({what}) ends the orchestrator with v2 over gRPC"
            yield Found((*node.place, "type" if unit.type else "name"), message, "use transport rest")


RULES = (
    images,
    mlflow_xtype,
    sklearn_methods,
    silent_parameters,
    server_metrics,
    model_names,
    grpc_node_types,
)
