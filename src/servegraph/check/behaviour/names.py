"""SG30x: names of which the operator makes the names of objects that Kubernetes then refuses, or that nobody knows."""

import re
from collections.abc import Iterator

from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Predictor, Subject
from servegraph.spec.naming import ENGINE_CONTAINER, MAX_NAME, SVC_NAME, WITHOUT_SERVICE, GeneratedName, generated_names
from servegraph.spec.source import Place

MAX_CONTAINER_NAME = 48  # `seldon-app-svc-` and the name are the key of a label, of at most 63 characters

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LETTER_FIRST = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
_WORDING = "use lower-case letters, digits and dashes"


@rule("SG301", Level.ERROR, "A name that no Service can have", cluster_only=True)
def service_names(subject: Subject) -> Iterator[Found]:
    """The operator makes the names of Services out of the names of the SeldonDeployment and of the predictor, or
    takes the annotation `seldon.io/svc-name` as it is. A Service's name consists of lower-case letters, digits and
    dashes, and starts with a letter; the names of the resource may be more than that, and neither the schema nor the
    webhook compares. Kubernetes refuses the Service, and the SeldonDeployment stays in the state Failed."""
    plain = [made for made in generated_names(subject.deployment) if not made.is_shortened]
    name = subject.deployment.name
    services = any(made.kind == "Service" and made.path[-1] != SVC_NAME for made in plain)
    if services and _SUBDOMAIN.fullmatch(name) and not _LETTER_FIRST.fullmatch(name):
        yield _no_service(("metadata", "name"), f"the name {name!r}", f"{_WORDING}, starting with a letter")
    for predictor in subject.predictors:
        said = predictor.spec.name
        if not _LABEL.fullmatch(said) and any(made.path[:3] == predictor.place for made in plain):
            yield _no_service((*predictor.place, "name"), f"the predictor's name {said!r}", _WORDING)
        custom = predictor.spec.annotations.get(SVC_NAME)
        if custom and (not _LETTER_FIRST.fullmatch(custom) or len(custom) > MAX_NAME):
            place = (*predictor.place, "annotations", SVC_NAME)
            help_ = f"{_WORDING}, starting with a letter, at most {MAX_NAME} of them"
            yield _no_service(place, f"the Service name {custom!r}", help_)


def _no_service(place: Place, what: str, help_: str) -> Found:
    note = "Kubernetes refuses the Service, and the state becomes Failed"
    return Found(place, f"{what} makes an invalid name of a Service", help_, note)


@rule("SG302", Level.NOTE, "Names that become a checksum", cluster_only=True)
def shortened_names(subject: Subject) -> Iterator[Found]:
    """Names of generated objects have at most 63 characters. A longer one is replaced by `seldon-` and the MD5 of the
    whole name. It works, but nobody recognises the Service or the Deployment in lists, dashboards and logs, and a small
    change of any part gives a new name and so a new object."""
    for predictor in subject.predictors:
        short = [made for made in generated_names(subject.deployment) if _is_short(made, predictor)]
        if short:
            first, others = short[0], len(short) - 1
            also = f" and {others} more" if others else ""
            note = f"{first.full_name} ({len(first.full_name)} characters) becomes {first.name}{also}"
            message = f"predictor {predictor.spec.name!r} makes names of over {MAX_NAME} characters"
            yield Found((*predictor.place, "name"), message, "shorten the names that it is made of", note)


def _is_short(made: GeneratedName, predictor: Predictor) -> bool:
    return made.is_shortened and made.path[:3] == predictor.place


def _container_names(subject: Subject) -> Iterator[tuple[Place, str, bool]]:
    """All containers, also those that the operator adds: place of the name, name, whether a node uses it."""
    for predictor in subject.predictors:
        nodes = {node.unit.name for node in predictor.nodes}
        for container in predictor.containers:
            yield (*container.place, "name"), container.spec.name, container.spec.name in nodes
        for node in predictor.nodes:
            if node.unit.is_server and node.container is None:
                yield (*node.place, "name"), node.unit.name, True
        explainer = predictor.spec.explainer
        if explainer and explainer.type and explainer.container_spec:
            place = (*predictor.place, "explainer", "containerSpec", "name")
            yield place, explainer.container_spec.name, False


@rule("SG303", Level.ERROR, "A name that no container can have", cluster_only=True)
def container_names(subject: Subject) -> Iterator[Found]:
    """A container's name is a DNS label: lower-case letters, digits and dashes, at most 63 of them. A node has the name
    of its container, and a prepackaged server's container gets the name of the node. The resource takes any text, but
    Kubernetes refuses the Deployment, and the SeldonDeployment stays in the state Failed."""
    for place, name, _ in _container_names(subject):
        if not _LABEL.fullmatch(name) or len(name) > MAX_NAME:
            note = "Kubernetes refuses the Deployment, and the state becomes Failed"
            yield Found(place, f"{name!r} cannot name a container", f"{_WORDING}, at most {MAX_CONTAINER_NAME}", note)


@rule("SG304", Level.ERROR, "A node's name of over 48 characters", cluster_only=True)
def long_node_names(subject: Subject) -> Iterator[Found]:
    """The pod of a node carries a label with the key `seldon-app-svc-<container>`, and the name part of a key has at
    most 63 characters, so 48 remain for the container. With a longer name Kubernetes refuses the Deployment."""
    for place, name, is_node in _container_names(subject):
        if is_node and MAX_CONTAINER_NAME < len(name) <= MAX_NAME:
            message = f"node {name!r} has a name of {len(name)} characters"
            yield Found(place, message, f"use at most {MAX_CONTAINER_NAME}, in the node and in its container")


@rule("SG305", Level.ERROR, "A reserved container name", cluster_only=True)
def reserved_names(subject: Subject) -> Iterator[Found]:
    """`seldon-container-engine` is the orchestrator, which the operator adds to the pod of the first node, and
    `tfserving` is the second container of a TENSORFLOW_SERVER. Neither ever gets a Service, ports or probes of a node,
    so a graph node of this name cannot be reached, and a second `seldon-container-engine` makes the pod invalid."""
    for place, name, is_node in _container_names(subject):
        if name == ENGINE_CONTAINER or (is_node and name in WITHOUT_SERVICE):
            yield Found(place, f"{name!r} is the name of a container of Seldon's own", "give it another name")


@rule("SG306", Level.ERROR, "A label that Kubernetes refuses", cluster_only=True)
def labels(subject: Subject) -> Iterator[Found]:
    """Labels of predictors and pods are copied to the Deployments, and the predictor's name becomes the label
    `version`. A value has at most 63 letters, digits, dashes, dots and underscores, and starts and ends with a letter
    or digit; so has a key, after an optional prefix and a slash. The resource takes any text, but the Deployment is
    refused."""
    for predictor in subject.predictors:
        if len(predictor.spec.name) > MAX_NAME and "version" not in predictor.spec.labels:
            message = (
                f"the predictor's name has {len(predictor.spec.name)} characters, too many for the label `version`"
            )
            help_ = f"use at most {MAX_NAME}, or give the predictor a label `version`"
            yield Found((*predictor.place, "name"), message, help_)
        places: list[tuple[Place, dict[str, str]]] = [((*predictor.place, "labels"), predictor.spec.labels)]
        places += [((*pod.place, "metadata", "labels"), pod.spec.metadata.labels) for pod in predictor.pods]
        for place, said in places:
            yield from _labels(place, said)


def _labels(place: Place, said: dict[str, str]) -> Iterator[Found]:
    help_ = f"use at most {MAX_NAME} letters, digits, dashes, dots and underscores, a letter or digit at both ends"
    for key, value in said.items():
        name = key.rpartition("/")[2]
        if not name or not _is_label(name):
            yield Found((*place, key), f"{key!r} cannot be the key of a label", help_, at_key=True)
        elif not _is_label(value):
            yield Found((*place, key), f"the label {key!r} cannot have the value {value!r}", help_)


def _is_label(text: str) -> bool:
    return len(text) <= MAX_NAME and _LABEL_VALUE.fullmatch(text) is not None


@rule("SG307", Level.ERROR, "Two objects of one name", cluster_only=True)
def colliding_names(subject: Subject) -> Iterator[Found]:
    """Names of objects are parts joined by dashes, so different parts can give the same name: node `b-c` of predictor
    `a` and node `c` of predictor `a-b`, or predictor `a-m` beside a node `m` in predictor `a`. The operator then
    writes two objects in turn to the same name: the Service selects now these pods, now those."""
    seen: dict[tuple[str, str], GeneratedName] = {}
    for made in generated_names(subject.deployment):
        first = seen.setdefault((made.kind, made.name), made)
        if first is not made and _origin(subject, first) != _origin(subject, made):
            message = f"the {made.kind} {made.name!r} would be made twice, for two different things"
            note = f"once for predictor {_predictor_of(subject, first)!r}, once for {_predictor_of(subject, made)!r}"
            yield Found(made.path, message, "give one of them another name", note)


def _predictor_of(subject: Subject, made: GeneratedName) -> str:
    return subject.deployment.spec.predictors[int(made.path[2])].name


def _origin(subject: Subject, made: GeneratedName) -> object:
    """What the name was made of. Equal predictors, containers or svc-names have rules of their own."""
    return (
        made.path[-1] if made.path[-1] == SVC_NAME else (_predictor_of(subject, made), made.full_name, made.path[3:4])
    )


RULES = (service_names, shortened_names, container_names, long_node_names, reserved_names, labels, colliding_names)
