"""What the webhook looks at in graphs: that every node has something that implements it, and endpoint types."""

from collections.abc import Iterator

from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec import Implementation, UnitType
from servegraph.spec.servers import PREPACKAGED

_NO_TENSORFLOW = ("SKLEARN_SERVER", "XGBOOST_SERVER", "MLFLOW_SERVER", "HUGGINGFACE_SERVER")
_NOTHING = (None, "", Implementation.UNKNOWN_IMPLEMENTATION)


def _servers(subject: Subject) -> Iterator[Node]:
    for _, node in subject.nodes:
        if node.unit.implementation and node.unit.implementation not in set(Implementation):
            yield node


@rule("SG210", Level.ERROR, "A node without a container")
def no_container(subject: Subject) -> Iterator[Found]:
    """A node is implemented by the container of the same name in one of the predictor's componentSpecs, unless it says
    an `implementation`. The names are compared letter by letter."""
    for predictor, node in subject.nodes:
        if node.unit.implementation in _NOTHING and node.container is None:
            names = ", ".join(sorted({container.spec.name for container in predictor.containers})) or "none"
            yield Found(
                (*node.place, "name"),
                f"node {node.unit.name!r} has no container of its name",
                "add a container of that name to componentSpecs, or an implementation to the node",
                f"containers of predictor {predictor.spec.name!r}: {names}",
                servable=node.unit.has_address,
            )


@rule("SG211", Level.ERROR, "A node that says it is of no type")
def no_type(subject: Subject) -> Iterator[Found]:
    """Without a type a node is a MODEL; but who writes UNKNOWN_TYPE has to say with `methods` what the orchestrator
    should ask of the node."""
    for _, node in subject.nodes:
        unit = node.unit
        if unit.implementation in _NOTHING and unit.type == UnitType.UNKNOWN_TYPE and not unit.methods:
            what = f"node {unit.name!r} is of type UNKNOWN_TYPE and has no methods"
            yield Found((*node.place, "type"), what, "give it a type, e.g. MODEL, or its methods")


@rule("SG212", Level.ERROR, "A server without a modelUri")
def no_model_uri(subject: Subject) -> Iterator[Found]:
    """A prepackaged server serves the artifact at `modelUri`; only HUGGINGFACE_SERVER can do without, as it may fetch a
    model by its name."""
    for node in _servers(subject):
        server = PREPACKAGED.get(node.unit.implementation or "")
        if not node.unit.model_uri and (server is None or server.needs_model):
            what = f"node {node.unit.name!r} is a {node.unit.implementation} without a modelUri"
            help_ = "say where its artifact is, e.g. modelUri: s3://bucket/folder"
            yield Found((*node.place, "modelUri"), what, help_)


@rule("SG213", Level.ERROR, "A server that does not speak TensorFlow's protocol", cluster_only=True)
def no_tensorflow(subject: Subject) -> Iterator[Found]:
    """With `protocol: tensorflow` the orchestrator asks its nodes as TensorFlow Serving is asked. Seldon's Python
    servers speak `seldon` and, by MLServer, `v2`."""
    if subject.deployment.spec.protocol != "tensorflow":
        return
    for node in _servers(subject):
        if node.unit.implementation in _NO_TENSORFLOW:
            what = f"node {node.unit.name!r}: {node.unit.implementation} cannot speak the tensorflow protocol"
            yield Found((*node.place, "implementation"), what, "use protocol seldon or v2")


@rule("SG214", Level.ERROR, "An unknown server")
def unknown_server(subject: Subject) -> Iterator[Found]:
    """An implementation that is not built in is looked up in the ConfigMap `seldon-config` of the operator, which
    says the image for it; Seldon's own servers stand there. A container of the node's name with an image does as
    well. Where your cluster has servers of its own, name them with `servegraph check --server`."""
    known = {*PREPACKAGED, *subject.servers}
    for node in _servers(subject):
        has_image = node.container is not None and node.container.spec.image
        if node.unit.implementation not in known and not has_image:
            yield Found(
                (*node.place, "implementation"),
                f"node {node.unit.name!r}: no server is called {node.unit.implementation!r}",
                f"write one of {', '.join(sorted(known))}, or give the node a container with an image",
            )


@rule("SG215", Level.ERROR, "A logger without a mode", cluster_only=True)
def no_logger_mode(subject: Subject) -> Iterator[Found]:
    """A node's request logger sends requests, responses, or both: the field has no default."""
    for _, node in subject.nodes:
        logger = node.unit.logger
        if isinstance(logger, dict) and not logger.get("mode"):
            what = f"the logger of node {node.unit.name!r} has no mode"
            yield Found((*node.place, "logger", "mode"), what, "write mode: all, request or response")


def _endpoint_types(subject: Subject) -> Iterator[tuple[Node, str]]:
    for _, node in subject.nodes:
        kind = (node.unit.endpoint or {}).get("type")
        if kind:
            yield node, str(kind)


@rule("SG216", Level.ERROR, "Both REST and gRPC in one deployment", cluster_only=True)
def mixed_endpoints(subject: Subject) -> Iterator[Found]:
    """The orchestrator calls all nodes of a deployment in one way. `spec.transport` says which; `endpoint.type` of the
    nodes is what said it before that field existed."""
    first: tuple[Node, str] | None = None
    for node, kind in _endpoint_types(subject):
        first = first or (node, kind)
        if kind != first[1]:
            what = f"node {node.unit.name!r} is called over {kind} and {first[0].unit.name!r} over {first[1]}"
            help_ = "set spec.transport and remove the endpoint types"
            yield Found((*node.place, "endpoint", "type"), what, help_)


@rule("SG217", Level.ERROR, "An endpoint type against the transport", cluster_only=True)
def contradicted_transport(subject: Subject) -> Iterator[Found]:
    """`spec.transport` says how the orchestrator calls the nodes of the deployment; a node's `endpoint.type` must
    not say otherwise."""
    transport = subject.deployment.spec.transport
    types = list(_endpoint_types(subject))
    if not transport or len({kind for _, kind in types}) != 1:
        return
    node, kind = types[0]
    if (kind, transport) in (("REST", "grpc"), ("GRPC", "rest")):
        what = f"node {node.unit.name!r} has the endpoint type {kind}, and spec.transport is {transport}"
        yield Found((*node.place, "endpoint", "type"), what, "remove the endpoint types; spec.transport is enough")


RULES = (
    no_container,
    no_type,
    no_model_uri,
    no_tensorflow,
    unknown_server,
    no_logger_mode,
    mixed_endpoints,
    contradicted_transport,
)
