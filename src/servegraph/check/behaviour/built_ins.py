"""SG320-SG327: the implementations that need no container, of which the orchestrator has one."""

from collections.abc import Iterator
from difflib import get_close_matches

from servegraph.check.edit import Remove, Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Node, Subject
from servegraph.spec.unit import Implementation, UnitMethod, UnitType

RATIO = "ratioA"


def _nodes(subject: Subject, implementation: Implementation) -> Iterator[Node]:
    for _, node in subject.nodes:
        if node.unit.implementation == implementation:
            yield node


def _absent(node: Node, untyped: str, help_: str) -> Found:
    unit = node.unit
    calls = unit.type not in (None, UnitType.UNKNOWN_TYPE) and isinstance(unit.type, UnitType) and not node.container
    does = f"with type {unit.type} it calls a component that is not there, and drops the request" if calls else untyped
    message = f"node {unit.name!r} has the implementation {unit.implementation}, which the orchestrator does not have"
    return Found((*node.place, "implementation"), message, help_, f"in a cluster {does}")


@rule("SG320", Level.ERROR, "An AVERAGE_COMBINER that does not average", cluster_only=True)
def average_combiner(subject: Subject) -> Iterator[Found]:
    """AVERAGE_COMBINER is a word of the resource, and Seldon's own examples use it, but the orchestrator lost its
    code with the rewrite in Go. A node with this implementation calls all its children and returns the answer of the
    first, as if the others did not exist; nothing is logged. servegraph does average, so a graph that is right here
    is wrong there."""
    for node in _nodes(subject, Implementation.AVERAGE_COMBINER):
        yield _absent(node, "the first child's answer is returned", "use a container of type COMBINER that averages")


@rule("SG321", Level.ERROR, "A SIMPLE_ROUTER that does not route", cluster_only=True)
def simple_router(subject: Subject) -> Iterator[Found]:
    """SIMPLE_ROUTER is a word of the resource for which the orchestrator has no code since its rewrite in Go. All
    children are called and the first one's answer is returned: the branches that should rest work, and their failures
    count."""
    for node in _nodes(subject, Implementation.SIMPLE_ROUTER):
        help_ = "use RANDOM_ABTEST, or a container of type ROUTER"
        yield _absent(node, "all children are called and the first answer is returned", help_)


@rule("SG322", Level.WARNING, "A SIMPLE_MODEL that is no model", cluster_only=True)
def simple_model(subject: Subject) -> Iterator[Found]:
    """SIMPLE_MODEL was a stub with a constant answer. The orchestrator has no code for it since its rewrite in Go: the
    request passes unchanged, so a client gets back what it sent."""
    for node in _nodes(subject, Implementation.SIMPLE_MODEL):
        yield _absent(node, "the request passes it unchanged", "use a container with a model")


@rule("SG323", Level.ERROR, "An A/B test that has not two children")
def ab_children(subject: Subject) -> Iterator[Found]:
    """RANDOM_ABTEST draws between branch 0 and branch 1. A third branch never gets a request; where there is only
    one, the requests drawn for the other are lost with a dropped connection; without children the request comes back
    as it is."""
    for node in _nodes(subject, Implementation.RANDOM_ABTEST):
        count = len(node.unit.children)
        if count != 2:
            message = f"node {node.unit.name!r} draws between two branches and has {count}"
            help_ = "give it exactly two; for more, nest another one or use a router of your own"
            yield Found((*node.place, "children"), message, help_, at_key=True)


@rule("SG324", Level.ERROR, "An A/B test that ignores its ratio")
def ab_parameters(subject: Subject) -> Iterator[Found]:
    """RANDOM_ABTEST reads its ratio only when the node has exactly one parameter and that is called `ratioA`. With a
    second parameter, or another name, the ratio is 0.5, without a word: what was meant as 90 to 10 becomes even."""
    for node in _nodes(subject, Implementation.RANDOM_ABTEST):
        names = [parameter.name for parameter in node.unit.parameters]
        if names in ([], [RATIO]):
            continue
        place = (*node.place, "parameters")
        if len(names) == 1:
            near = get_close_matches(names[0].lower(), ["ratioa", "ratio"], 1)
            edits = [Replace((*place, 0, "name"), RATIO)] if near else []
            message = f"node {node.unit.name!r} has the parameter {names[0]!r}, and RANDOM_ABTEST reads only {RATIO}"
            yield Found((*place, 0, "name"), message, f"call it {RATIO}", "until then it is 0.5", edits)
        else:
            removed = [Remove((*place, index)) for index, name in enumerate(names) if name != RATIO]
            message = f"node {node.unit.name!r} has {len(names)} parameters, so RANDOM_ABTEST ignores them all"
            help_ = f"leave {RATIO} alone"
            edits_ = removed if names.count(RATIO) == 1 else []
            yield Found(place, message, help_, "until then the ratio is 0.5", edits_, at_key=True)


@rule("SG325", Level.ERROR, "A ratio that is none")
def ab_ratio(subject: Subject) -> Iterator[Found]:
    """`ratioA` is the share of requests for the first branch, from 0 to 1. A text that is no number makes every
    request fail with status 500; a percentage such as 80 sends all of them to the first branch."""
    for node in _nodes(subject, Implementation.RANDOM_ABTEST):
        for index, parameter in enumerate(node.unit.parameters):
            ratio = _number(parameter.value)
            if parameter.name == RATIO and (ratio is None or not 0 <= ratio <= 1):
                place = (*node.place, "parameters", index, "value")
                percent = ratio is not None and 10 <= ratio <= 100
                edits = [Replace(place, f"{ratio / 100:g}")] if percent and ratio else []
                message = f"node {node.unit.name!r} has the ratio {parameter.value!r}"
                yield Found(place, message, "use a number from 0 to 1", edits=edits)


@rule("SG326", Level.WARNING, "An A/B test with a branch that gets nothing")
def ab_one_sided(subject: Subject) -> Iterator[Found]:
    """With a ratio of 0 or 1 all requests go to one branch. The other runs, is probed and paid for, and is never
    called."""
    for node in _nodes(subject, Implementation.RANDOM_ABTEST):
        for index, parameter in enumerate(node.unit.parameters):
            if parameter.name == RATIO and len(node.unit.parameters) == 1 and _number(parameter.value) in (0, 1):
                branch = "first" if _number(parameter.value) == 0 else "second"
                message = f"the {branch} branch of node {node.unit.name!r} never gets a request"
                yield Found((*node.place, "parameters", index, "value"), message, "remove it, or give it a share")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@rule("SG327", Level.ERROR, "A built-in draw with a type", cluster_only=True)
def ab_typed(subject: Subject) -> Iterator[Found]:
    """The orchestrator draws for RANDOM_ABTEST only if nothing else says how to route. With type ROUTER or method
    ROUTE it asks a component instead, with type MODEL, TRANSFORMER and so on it calls one as well. Where there is
    none, the connection is dropped; where there is one, its answer counts and the ratio does not."""
    for node in _nodes(subject, Implementation.RANDOM_ABTEST):
        unit = node.unit
        typed = isinstance(unit.type, UnitType) and unit.type is not UnitType.UNKNOWN_TYPE
        if typed or UnitMethod.ROUTE in unit.methods:
            place = (*node.place, "type" if typed else "methods")
            message = f"node {unit.name!r} draws by itself, but with {_said(node)} a component is called"
            yield Found(place, message, "leave the type out", edits=[Remove(place)], at_key=True)


def _said(node: Node) -> str:
    typed = isinstance(node.unit.type, UnitType) and node.unit.type is not UnitType.UNKNOWN_TYPE
    return f"type {node.unit.type}" if typed else "method ROUTE"


RULES = (
    average_combiner,
    simple_router,
    simple_model,
    ab_children,
    ab_parameters,
    ab_ratio,
    ab_one_sided,
    ab_typed,
)
