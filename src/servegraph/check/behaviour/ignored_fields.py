"""SG360-SG362, SG367-SG369: fields that are there, and that nothing reads."""

from collections.abc import Iterator

from servegraph.check.behaviour.free_values import mapping, whole
from servegraph.check.edit import Edit, Insert, Remove
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec.defaulting import FIRST_GRPC_PORT, FIRST_HTTP_PORT
from servegraph.spec.unit import UnitType


@rule("SG360", Level.WARNING, "engineResources is not read", cluster_only=True)
def engine_resources(subject: Subject) -> Iterator[Found]:
    """engineResources belonged to the first orchestrator. The field is still in the schema, and nothing reads it: the
    orchestrator has the operator's default, half a CPU and 512Mi, whatever is written there. Its place is taken by
    svcOrchSpec.resources."""
    for predictor in subject.predictors:
        place = (*predictor.place, "engineResources")
        if predictor.spec.engine_resources:
            edits: list[Edit] = []
            if not subject.document.has((*predictor.place, "svcOrchSpec")):
                value = {"resources": predictor.spec.engine_resources}
                edits = [Remove(place), Insert(predictor.place, "svcOrchSpec", value)]
            message = "engineResources has no effect"
            yield Found(place, message, "use svcOrchSpec.resources", edits=edits, at_key=True)


@rule("SG361", Level.WARNING, "OAuth that protects nothing")
def oauth(subject: Subject) -> Iterator[Found]:
    """oauth_key and oauth_secret belonged to the API gateway of the first versions, which no longer exists. Nobody
    asks for the key: whoever reaches the endpoint is served. What is left is a secret in plain text."""
    for key in ("oauth_key", "oauth_secret"):
        if getattr(subject.deployment.spec, key):
            place = ("spec", key)
            help_ = "remove it; authenticate at the gateway"
            yield Found(place, f"{key} has no effect, requests are not authenticated", help_, edits=[Remove(place)])


@rule("SG362", Level.NOTE, "spec.name names nothing")
def spec_name(subject: Subject) -> Iterator[Found]:
    """spec.name is of old: objects, routes and labels are named after metadata.name. A different spec.name appears in
    the webhook's messages alone, and misleads there."""
    said = subject.deployment.spec.name
    if said and said != subject.deployment.name:
        message = f"spec.name {said!r} has no effect: everything is named after metadata.name"
        yield Found(("spec", "name"), message, "remove it", edits=[Remove(("spec", "name"))], at_key=True)


@rule("SG367", Level.WARNING, "An address that the operator overwrites", cluster_only=True)
def endpoints(subject: Subject) -> Iterator[Found]:
    """The operator writes the endpoint of every node that has a container: the host from the pod it lives in, the
    ports from those that its container declares with the names http and grpc, else from numbers it counts itself from
    9000 and 9500. What stands there is replaced. For an orchestrator that is started by hand the fields do count, and
    for servegraph, too."""
    ports = _allotted(subject)
    for _, node in subject.nodes:
        said = mapping(node.unit.endpoint)
        if node.container is None and not node.unit.is_server:
            continue
        place = (*node.place, "endpoint")
        if said.get("service_host"):
            message = (
                f"the host {said['service_host']!r} of node {node.unit.name!r} is replaced by that of its container"
            )
            host = (*place, "service_host")
            yield Found(
                host, message, "leave it out, unless the file is also for an orchestrator started by hand", at_key=True
            )
        for key, name in (("httpPort", "http"), ("grpcPort", "grpc")):
            wanted, real = whole(said.get(key)), _port(node, name, ports)
            if wanted and wanted != real:
                message = f"{key} {wanted} of node {node.unit.name!r} is replaced by {real}"
                help_ = f"declare containerPort {wanted} with the name {name} in its container"
                yield Found((*place, key), message, help_)


def _allotted(subject: Subject) -> dict[str, int]:
    """The position of each container's name, in the operator's order: what is added to the first number."""
    order: dict[str, int] = {}
    for predictor in subject.predictors:
        for container in predictor.containers:
            order.setdefault(container.spec.name, len(order))
        for node in predictor.nodes:
            if node.unit.is_server:
                order.setdefault(node.unit.name, len(order))
    return order


def _port(node: Node, name: str, order: dict[str, int]) -> int:
    ports = node.container.spec.ports if node.container else []
    declared = next((whole(port.get("containerPort")) for port in ports if port.get("name") == name), None)
    first = FIRST_HTTP_PORT if name == "http" else FIRST_GRPC_PORT
    return declared or first + order.get(node.unit.name, 0)


@rule("SG368", Level.WARNING, "A download without a model")
def storage_fields(subject: Subject) -> Iterator[Found]:
    """envSecretRefName and storageInitializerImage configure the init container that fetches modelUri, and without a
    modelUri there is none: the secret does not reach the node's own container. A built-in implementation has no
    container at all, and so nothing is fetched for it."""
    for _, node in subject.nodes:
        unit = node.unit
        if unit.built_in and unit.model_uri:
            message = f"node {unit.name!r} is built in: nothing is fetched for it"
            yield Found(
                (*node.place, "modelUri"), message, "remove modelUri", edits=[Remove((*node.place, "modelUri"))]
            )
        for key, value in (
            ("envSecretRefName", unit.env_secret_ref_name),
            ("storageInitializerImage", unit.storage_initializer_image),
        ):
            if value and not unit.model_uri:
                message = f"{key} of node {unit.name!r} has no effect without modelUri"
                help_ = "set modelUri, or give the container the secret with envFrom"
                yield Found((*node.place, key), message, help_, at_key=True)


@rule("SG369", Level.WARNING, "A server is a model, whatever its type")
def server_types(subject: Subject) -> Iterator[Found]:
    """The operator gives every prepackaged server the type MODEL. Another type is overwritten: a server never
    transforms, routes or combines."""
    for _, node in subject.nodes:
        unit = node.unit
        if unit.is_server and unit.type and unit.type != UnitType.MODEL:
            place = (*node.place, "type")
            message = (
                f"node {unit.name!r} becomes a MODEL: the type {unit.type} of a {unit.implementation} is overwritten"
            )
            yield Found(place, message, "remove the type, or use a container of your own", edits=[Remove(place)])


RULES = (engine_resources, oauth, spec_name, endpoints, storage_fields, server_types)
