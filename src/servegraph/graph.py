"""Compose a graph in Python: small functions in Seldon's words that build a SeldonDeployment.

    scale >> ab_test("ab", logistic, boosting, ratio_a=0.8)

`a >> b` reads as the data flows: what `a` answers, `b` gets. A graph names its components as
`folder.file:Class` and never imports them, so this module needs no numerical library.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from servegraph.check import check_shippable
from servegraph.errors import InvalidGraph, Problem
from servegraph.spec import (
    ROUTING_INJECTION,
    ComponentSpec,
    Container,
    DeploymentSpec,
    EnvVar,
    Implementation,
    Metadata,
    Parameter,
    PodSpec,
    PredictiveUnit,
    PredictorSpec,
    SeldonDeployment,
    SvcOrchSpec,
    UnitType,
)

ParameterValue = bool | int | float | str
Accelerate = Literal["auto", "off", "require"]

ACCELERATE = "SERVEGRAPH_ACCELERATE"
"""The variable of a node's container that says whether its models run as kernels."""

_WISHES: tuple[str, ...] = get_args(Accelerate)
_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[:.][A-Za-z_]\w*")


@dataclass(frozen=True)
class Node:
    """A node and what comes after it. Made by the functions below, joined with `>>`."""

    name: str
    type: UnitType | None = None
    implementation: Implementation | None = None
    component: str | None = None
    artifact: str | None = None
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    children: tuple["Node", ...] = ()
    accelerate: Accelerate | None = None

    def __rshift__(self, after: "Node") -> "Node":
        """This node, then `after`. An output transformer is put around what it comes after."""
        if after.type is UnitType.OUTPUT_TRANSFORMER and not after.children:
            return replace(after, children=(self,))
        if self.type in (UnitType.OUTPUT_TRANSFORMER, UnitType.COMBINER):
            what = f"answers last of all below it; {after.name!r} cannot follow"
            raise InvalidGraph(self.name, [Problem(f"node {self.name!r}", what, "make that an output_transformer")])
        if not self.children:
            return replace(self, children=(after,))
        if len(self.children) > 1:
            what = f"has {len(self.children)} branches; {after.name!r} cannot follow all of them"
            fix = f"put {after.name!r} into each branch, or use an output_transformer"
            raise InvalidGraph(self.name, [Problem(f"node {self.name!r}", what, fix)])
        return replace(self, children=(self.children[0] >> after,))

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def model(
    name: str,
    component: str,
    *,
    artifact: str | None = None,
    accelerate: Accelerate | None = None,
    **parameters: ParameterValue,
) -> Node:
    """A node that predicts. `parameters` are the component's constructor arguments.

    `artifact` is an MLflow URI such as `models:/churn@champion`; the component gets its local
    folder as the argument `model_uri`.

    `accelerate` says what becomes of the models that the component loads with `load_model`: with `auto`, as without
    it, they run as kernels where these are proved to give the same answers; with `off` they run as they are; with
    `require` the graph does not start unless they run as kernels. Every function below takes it too.
    """
    return Node(name, UnitType.MODEL, None, component, artifact, parameters, accelerate=accelerate)


def transformer(
    name: str,
    component: str,
    *,
    artifact: str | None = None,
    accelerate: Accelerate | None = None,
    **parameters: ParameterValue,
) -> Node:
    """A node that changes (or only looks at) what goes on to the next node."""
    return Node(name, UnitType.TRANSFORMER, None, component, artifact, parameters, accelerate=accelerate)


def output_transformer(
    name: str,
    component: str,
    *,
    artifact: str | None = None,
    accelerate: Accelerate | None = None,
    **parameters: ParameterValue,
) -> Node:
    """A node that changes the answer of what stands before it: `model >> output_transformer`."""
    return Node(name, UnitType.OUTPUT_TRANSFORMER, None, component, artifact, parameters, accelerate=accelerate)


def router(
    name: str,
    component: str,
    *children: Node,
    artifact: str | None = None,
    accelerate: Accelerate | None = None,
    **parameters: ParameterValue,
) -> Node:
    """A node that chooses one of its children for each request."""
    return Node(name, UnitType.ROUTER, None, component, artifact, parameters, children, accelerate)


def combiner(
    name: str,
    component: str,
    *children: Node,
    artifact: str | None = None,
    accelerate: Accelerate | None = None,
    **parameters: ParameterValue,
) -> Node:
    """A node that asks all of its children and makes one answer of theirs."""
    return Node(name, UnitType.COMBINER, None, component, artifact, parameters, children, accelerate)


def ab_test(name: str, a: Node, b: Node, *, ratio_a: float = 0.5) -> Node:
    """Seldon's RANDOM_ABTEST: each request goes to `a` with probability `ratio_a`, else to `b`."""
    return Node(name, None, Implementation.RANDOM_ABTEST, parameters={"ratioA": float(ratio_a)}, children=(a, b))


def deployment(
    name: str, graph: Node, *, image: str, namespace: str | None = None, predictor: str = "default", replicas: int = 1
) -> SeldonDeployment:
    """A SeldonDeployment with one predictor.

    `image` is the container image that carries the components on Kubernetes; its tag is the
    version that `meta.requestPath` shows. Answers carry `meta.routing`.

    Raises:
        InvalidGraph: a rule is broken; the message names the nodes and the fixes.
    """
    _check_nodes(name, graph)
    spec = PredictorSpec(
        name=predictor,
        replicas=replicas,
        graph=_unit(graph),
        component_specs=[ComponentSpec(spec=PodSpec(containers=_containers(graph, image)))],
        svc_orch_spec=SvcOrchSpec(env=[EnvVar(name=ROUTING_INJECTION, value="true")]),
    )
    metadata = Metadata(name=name) if namespace is None else Metadata(name=name, namespace=namespace)
    built = SeldonDeployment(
        api_version=SeldonDeployment.model_fields["api_version"].default,
        kind="SeldonDeployment",
        metadata=metadata,
        spec=DeploymentSpec(predictors=[spec]),
    )
    check_shippable(built)
    return built


def _check_nodes(name: str, graph: Node) -> None:
    problems = [
        Problem(f"node {node.name!r}", f"{node.component!r} names no component", "write it as folder.file:Class")
        for node in graph.walk()
        if node.component is not None and not _REFERENCE.fullmatch(node.component)
    ]
    problems += [
        Problem(f"node {node.name!r}", f"accelerate is {node.accelerate!r}", f"write one of {', '.join(_WISHES)}")
        for node in graph.walk()
        if node.accelerate not in (None, *_WISHES)
    ]
    if problems:
        raise InvalidGraph(name, problems)


def _unit(node: Node) -> PredictiveUnit:
    members = {
        "name": node.name,
        "type": node.type,
        "implementation": node.implementation,
        "model_uri": node.artifact,
        "parameters": [_parameter(node, key, value) for key, value in node.parameters.items()],
        "children": [_unit(child) for child in node.children],
    }
    return PredictiveUnit.model_validate({key: value for key, value in members.items() if value})


def _parameter(node: Node, key: str, value: ParameterValue) -> Parameter:
    try:
        return Parameter.of(key, value)
    except TypeError as error:
        raise InvalidGraph(node.name, [Problem(f"node {node.name!r}", str(error), "write it as text")]) from error


def _containers(graph: Node, image: str) -> list[Container]:
    return [
        Container(name=node.name, image=image, env=_environment(node))
        for node in graph.walk()
        if node.component is not None
    ]


def _environment(node: Node) -> list[EnvVar]:
    named = EnvVar(name="MODEL_NAME", value=node.component)
    return [named] if node.accelerate is None else [named, EnvVar(name=ACCELERATE, value=node.accelerate)]
