"""What must hold before a SeldonDeployment is served or shipped.

Source:
    The admission rules of Seldon Core v1 that this graph can break, DNS names of Kubernetes,
    and the traps of the executor (a RANDOM_ABTEST with two parameters ignores its ratio;
    several children without a combiner answer with the first).
"""

import re
from collections import Counter
from collections.abc import Iterator

from servegraph.errors import InvalidGraph, Problem
from servegraph.spec.deployment import SeldonDeployment
from servegraph.spec.predictor import PredictorSpec
from servegraph.spec.unit import Implementation, PredictiveUnit, UnitMethod, UnitType

_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
MAX_LEVELS = 11  # the CRD spells out the root and ten levels below it
MAX_CONTAINER_NAME = 48  # longer ones break the label `seldon-app-svc-<container>`
MAX_SERVICE_NAME = 63


def check(deployment: SeldonDeployment) -> None:
    """Raise InvalidGraph with every broken rule, or return."""
    problems = list(_problems(deployment))
    if problems:
        raise InvalidGraph(deployment.name, problems)


def _problems(deployment: SeldonDeployment) -> Iterator[Problem]:
    yield from _bad_name("metadata.name", deployment.name, MAX_SERVICE_NAME)
    predictors = deployment.spec.predictors
    if not predictors:
        yield Problem("spec.predictors", "is empty", "give one predictor with a graph")
    yield from _duplicates("spec.predictors", [predictor.name for predictor in predictors])
    yield from _traffic(predictors)
    for predictor in predictors:
        yield from _bad_name(f"predictor {predictor.name!r}", predictor.name, MAX_SERVICE_NAME)
        yield from _graph(predictor)


def _bad_name(where: str, name: str, limit: int) -> Iterator[Problem]:
    if not _DNS_LABEL.fullmatch(name) or len(name) > limit:
        fix = f"use at most {limit} lower-case letters, digits and dashes, starting with a letter"
        yield Problem(where, f"{name!r} cannot name a Kubernetes object", fix)


def _duplicates(where: str, names: list[str]) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(where, f"the name {name!r} is used {count} times", "give each its own name")


def _traffic(predictors: list[PredictorSpec]) -> Iterator[Problem]:
    shares = [predictor.traffic or 0 for predictor in predictors if not predictor.shadow]
    total = sum(shares)
    if len(shares) > 1 and total != 100:
        yield Problem("spec.predictors", f"traffic adds up to {total}", "make the percentages add up to 100")


def _graph(predictor: PredictorSpec) -> Iterator[Problem]:
    nodes = list(predictor.graph.walk())
    yield from _duplicates(f"predictor {predictor.name!r}", [node.name for node in nodes])
    if _levels(predictor.graph) > MAX_LEVELS:
        yield Problem(f"predictor {predictor.name!r}", f"the graph is over {MAX_LEVELS} levels deep", "flatten it")
    for node in nodes:
        yield from _node(node, predictor)


def _levels(node: PredictiveUnit) -> int:
    return 1 + max((_levels(child) for child in node.children), default=0)


def _node(node: PredictiveUnit, predictor: PredictorSpec) -> Iterator[Problem]:
    where = f"node {node.name!r}"
    if not node.built_in:
        yield from _bad_name(where, node.name, MAX_CONTAINER_NAME)
    if not (node.built_in or node.is_server or node.has_address or predictor.container(node.name)):
        yield Problem(where, "has no container of its name", "add one to componentSpecs, or an endpoint to the node")
    if node.is_server and not node.model_uri and node.implementation != "HUGGINGFACE_SERVER":
        yield Problem(where, f"{node.implementation} has no modelUri", "say which artifact it serves")
    if node.type is UnitType.UNKNOWN_TYPE and not node.methods and not node.built_in:
        yield Problem(where, "has neither a type nor methods", "give it a type, e.g. MODEL")
    yield from _parameters(node, where)
    yield from _children(node, where)


def _parameters(node: PredictiveUnit, where: str) -> Iterator[Problem]:
    for parameter in node.parameters:
        try:
            parameter.python_value()
        except ValueError as error:
            yield Problem(where, f"parameter {parameter.name!r}: {error}", f"write a value of type {parameter.type}")


def _children(node: PredictiveUnit, where: str) -> Iterator[Problem]:
    if node.built_in is Implementation.RANDOM_ABTEST:
        yield from _ab_test(node, where)
    elif node.is_router and not node.children:
        yield Problem(where, "routes, and has no children", "give it the nodes it chooses from")
    elif len(node.children) > 1 and not node.is_router and not _combines(node):
        fix = "put a combiner or a router above them"
        yield Problem(where, f"has {len(node.children)} children and answers with the first alone", fix)


def _combines(node: PredictiveUnit) -> bool:
    combines = node.effective_type is UnitType.COMBINER or UnitMethod.AGGREGATE in node.methods
    return combines or node.built_in is Implementation.AVERAGE_COMBINER


def _ab_test(node: PredictiveUnit, where: str) -> Iterator[Problem]:
    if len(node.children) != 2:
        yield Problem(where, f"an A/B test has two children, not {len(node.children)}", "give it exactly two")
    if [parameter.name for parameter in node.parameters] not in ([], ["ratioA"]):
        yield Problem(where, "RANDOM_ABTEST reads ratioA only when it is the sole parameter", "drop the others")
    for parameter in node.parameters:
        if parameter.name == "ratioA" and not _is_ratio(parameter.value):
            yield Problem(where, f"ratioA is {parameter.value!r}", "use a number from 0 to 1")


def _is_ratio(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False
