"""SG31x: graphs that are admitted and do not do what they say."""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from servegraph.check.edit import Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Predictor, Subject
from servegraph.spec.naming import ENGINE_SEPARATE_POD, NO_ENGINE
from servegraph.spec.source import Place
from servegraph.spec.unit import Implementation, PredictiveUnit, UnitMethod, UnitType

_CALLING = (UnitMethod.TRANSFORM_INPUT, UnitMethod.TRANSFORM_OUTPUT, UnitMethod.ROUTE, UnitMethod.AGGREGATE)


_SLIP = 0.79  # MODLE is MODEL; TRANSLATOR may be anything


@rule("SG310", Level.ERROR, "Two nodes of one name")
def node_names(subject: Subject) -> Iterator[Found]:
    """A node is known by its name: its container, its port, its entries in routing, metrics and logs. Of two nodes with
    one name both get the port of the same container, so one component is called twice and the other never."""
    for predictor in subject.predictors:
        seen: set[str] = set()
        for node in predictor.nodes:
            name = node.unit.name
            if name in seen:
                message = f"node {name!r} stands a second time in predictor {predictor.spec.name!r}"
                help_ = "give each node a name, and a container, of its own"
                yield Found((*node.place, "name"), message, help_)
            seen.add(name)


@rule("SG311", Level.ERROR, "Two containers of one name", cluster_only=True)
def container_names(subject: Subject) -> Iterator[Found]:
    """In one pod Kubernetes refuses it. In two pods of a predictor the node of that name belongs to whichever was
    looked at last, both pods get the same Service, and its requests are spread over two different containers; if the
    last is not in the first pod, the orchestrator finds no node beside which it could live. Two versions of a model
    are two nodes or two predictors."""
    for predictor in subject.predictors:
        seen: set[str] = set()
        for container in predictor.containers:
            name = container.spec.name
            if name in seen:
                message = f"container {name!r} stands a second time in predictor {predictor.spec.name!r}"
                help_ = "give each container a name of its own; two versions are two predictors, or nodes of a router"
                yield Found((*container.place, "name"), message, help_)
            seen.add(name)


@rule("SG312", Level.NOTE, "A container that is no node", cluster_only=True)
def unused_containers(subject: Subject) -> Iterator[Found]:
    """No node of the graph has the name of this container, so the orchestrator never calls it. That is right for a
    helper beside a node, and wrong if the node's name is a misspelling or the node was forgotten."""
    for predictor in subject.predictors:
        nodes = {node.unit.name for node in predictor.nodes}
        for container in predictor.containers:
            beside = any(c.pod is container.pod and c.spec.name in nodes for c in predictor.containers)
            if container.spec.name not in nodes and beside:
                message = f"container {container.spec.name!r} is no node of the graph: nothing of Seldon calls it"
                yield Found((*container.place, "name"), message, "fine for a helper; else give a node this name")


@rule("SG313", Level.WARNING, "A pod without a node", cluster_only=True)
def unused_pods(subject: Subject) -> Iterator[Found]:
    """None of the pod's containers is a node of the graph, so a Deployment runs, and costs, that nobody calls: it
    gets no Service. Usually a node was removed or renamed and its pod was not."""
    for predictor in subject.predictors:
        nodes = {node.unit.name for node in predictor.nodes}
        for pod in predictor.pods:
            names = [container.name for container in pod.spec.spec.containers]
            served = pod.index == 0 and any(node.unit.is_server and not node.container for node in predictor.nodes)
            if names and not served and not nodes.intersection(names):
                message = f"no node of predictor {predictor.spec.name!r} lives in this pod (containers {_list(names)})"
                yield Found(pod.place, message, "remove it, or name a node like one of its containers")


def _list(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


@rule("SG314", Level.ERROR, "No place for the orchestrator", cluster_only=True)
def orchestrator_place(subject: Subject) -> Iterator[Found]:
    """The orchestrator is a container in the pod of a node that lives in componentSpecs[0]. When no node does,
    because the graph consists of built-in implementations or all nodes live in later pods, the operator finds no
    place for it, stops with an error, and the state becomes Failed."""
    if subject.deployment.spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true":
        return
    for predictor in subject.predictors:
        homeless = any(_is_homeless(node) for node in predictor.nodes)  # the webhook refuses those
        if predictor.spec.annotations.get(NO_ENGINE) != "true" and not homeless and not _has_place(predictor):
            help_ = f"put a node's container into componentSpecs[0], or set {ENGINE_SEPARATE_POD} in spec.annotations"
            message = (
                f"no node of predictor {predictor.spec.name!r} lives in the first pod, where the orchestrator goes"
            )
            yield Found((*predictor.place, "graph"), message, help_)


def _is_homeless(node: Node) -> bool:
    unit = node.unit
    return node.container is None and not unit.is_server and unit.implementation in (None, "", "UNKNOWN_IMPLEMENTATION")


def _has_place(predictor: Predictor) -> bool:
    return any(node.container.pod.index == 0 if node.container else node.unit.is_server for node in predictor.nodes)


@rule("SG315", Level.ERROR, "A type that does not exist")
def node_types(subject: Subject) -> Iterator[Found]:
    """The API server takes any text as the type of a node. With a word that is no type, nothing is asked of the node:
    the request passes it unchanged, and if it is the only one, the client gets its own request back with status
    200."""
    for _, node in subject.nodes:
        said = node.unit.type
        if said and not isinstance(said, UnitType) and not node.unit.is_server:
            found = f"node {node.unit.name!r} has the type {said!r}, which does not exist: it is never called"
            yield _misspelt((*node.place, "type"), said, [word for word in UnitType if word != "UNKNOWN_TYPE"], found)


@rule("SG316", Level.WARNING, "A method that does not exist")
def node_methods(subject: Subject) -> Iterator[Found]:
    """The API server takes any text in `methods`. The orchestrator knows TRANSFORM_INPUT, TRANSFORM_OUTPUT, ROUTE,
    AGGREGATE and SEND_FEEDBACK; nothing comes of another word. There is no method for predict: type MODEL asks for
    it."""
    for _, node in subject.nodes:
        for index, said in enumerate(node.unit.methods):
            if not isinstance(said, UnitMethod):
                found = f"node {node.unit.name!r} has the method {said!r}, which does not exist"
                yield _misspelt((*node.place, "methods", index), said, list(UnitMethod), found)


def _misspelt(place: Place, said: str, words: list[str], message: str) -> Found:
    meant = said.upper().replace("-", "_")
    near = get_close_matches(meant, words, 1)
    help_ = f"did you mean {near[0]}?" if near else f"use one of {', '.join(words)}"
    is_slip = get_close_matches(meant, near, 1, _SLIP)
    return Found(place, message, help_, edits=[Replace(place, str(near[0]))] if is_slip else [])


@rule("SG317", Level.ERROR, "A node that is never called")
def silent_nodes(subject: Subject) -> Iterator[Found]:
    """A node without a type becomes a MODEL only if it has no methods either. With methods and without a type it is
    asked for these methods alone: one with only SEND_FEEDBACK, or only with words that do not exist, gets no
    prediction to make, and the request passes it unchanged."""
    for _, node in subject.nodes:
        unit = node.unit
        if unit.methods and not unit.type and _asks_nothing(unit):
            message = f"node {unit.name!r} has methods but no type, so it is never asked for a prediction"
            yield Found((*node.place, "methods"), message, "give it a type, e.g. MODEL", at_key=True)


def _asks_nothing(unit: PredictiveUnit) -> bool:
    silent = unit.effective_type is UnitType.UNKNOWN_TYPE and not unit.built_in
    return silent and not any(method in _CALLING for method in unit.methods)


@rule("SG318", Level.ERROR, "Several children and no combiner")
def fan_outs(subject: Subject) -> Iterator[Found]:
    """A node that is no router calls all its children, in parallel and each with the same request. Only a combiner
    makes one answer out of theirs. Without one the answer of the first child is returned, and what the others
    computed is thrown away, without a word; if one of them fails, the request fails all the same."""
    for _, node in subject.nodes:
        unit = node.unit
        known = unit.is_server or not unit.type or isinstance(unit.type, UnitType)
        if len(unit.children) > 1 and known and not unit.is_router and not _combines(unit):
            message = f"node {unit.name!r} has {len(unit.children)} children and answers with the first alone"
            help_ = "put a node of type COMBINER, or a router, above them"
            yield Found((*node.place, "children"), message, help_, at_key=True)


def _combines(unit: PredictiveUnit) -> bool:
    combines = unit.effective_type is UnitType.COMBINER or UnitMethod.AGGREGATE in unit.methods
    return combines or unit.built_in is Implementation.AVERAGE_COMBINER


@rule("SG319", Level.ERROR, "A router or combiner without children")
def childless(subject: Subject) -> Iterator[Found]:
    """Routes and aggregates are asked for only where there are children. A router or combiner without any is never
    called, and the client gets the request back."""
    for _, node in subject.nodes:
        unit = node.unit
        if not unit.children and (does := _needs_children(unit)):
            message = f"node {unit.name!r} {does}, and has no children: it is never called"
            yield Found((*node.place, "type" if unit.type else "name"), message, "give it the nodes below it")


def _needs_children(unit: PredictiveUnit) -> str:
    if unit.built_in is Implementation.SIMPLE_ROUTER or unit.effective_type is UnitType.ROUTER:
        return "routes"
    if unit.effective_type is UnitType.COMBINER:
        return "combines"
    if unit.effective_type is UnitType.UNKNOWN_TYPE and not unit.built_in and unit.methods:
        wants = Counter(unit.methods)
        others = wants[UnitMethod.TRANSFORM_INPUT] + wants[UnitMethod.TRANSFORM_OUTPUT]
        if not others and (wants[UnitMethod.ROUTE] or wants[UnitMethod.AGGREGATE]):
            return "routes" if wants[UnitMethod.ROUTE] else "combines"
    return ""


RULES = (
    node_names,
    container_names,
    unused_containers,
    unused_pods,
    orchestrator_place,
    node_types,
    node_methods,
    silent_nodes,
    fan_outs,
    childless,
)
