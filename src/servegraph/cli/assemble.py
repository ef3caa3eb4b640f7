"""Put a graph together: pull its artifacts, load its components, say so node by node."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from servegraph import component
from servegraph.artifacts import Artifact
from servegraph.artifacts.compilation import VARIABLE, Compilation, compilation
from servegraph.artifacts.reference_rows import reference_rows
from servegraph.cli.puller import Puller
from servegraph.cli.roles import Role, container_environment
from servegraph.component import Component
from servegraph.engine import needed_methods
from servegraph.errors import ArtifactRefused, ComponentMismatch, ConfigurationError
from servegraph.project import Project
from servegraph.spec import PredictiveUnit, PredictorSpec

_NUMERIC = frozenset(("boolean", "integer", "long", "float", "double", "float32", "float64", "int32", "int64"))


@dataclass(frozen=True, slots=True)
class LoadedNode:
    """A node that is ready, and what it took.

    Attributes:
        reference: which class it is; None for a built-in node, for a stub, and for one that runs elsewhere.
        component: the loaded class; None also where the node gets a process of its own.
        is_stub: whether a stand-in answers for it.
        compiled: what the models of a component became that was loaded here.
    """

    unit: PredictiveUnit
    reference: str | None = None
    cls: type | None = None
    component: Component | None = None
    artifact: Artifact | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    is_stub: bool = False
    compiled: Compilation = field(default_factory=Compilation)

    @property
    def width(self) -> int | None:
        """Features per row, where the artifact's signature says so."""
        return self.artifact.signature.width if self.artifact and self.artifact.signature else None

    @property
    def features(self) -> int | None:
        """The same, or what a prepackaged server knows of its model."""
        if self.width is not None or self.component is None or not self.unit.is_server:
            return self.width
        told = self.component.init_metadata() if self.component.init_metadata else {}
        inputs = told.get("inputs") or [{}]
        shape = inputs[0].get("schema", {}).get("shape")
        return shape[-1] if isinstance(shape, list) and shape and isinstance(shape[-1], int) else None

    @property
    def checked_width(self) -> int | None:
        """The same where rows must be so many floats; prepackaged servers take rows as their signatures say."""
        signature = self.artifact.signature if self.artifact else None
        is_numeric = signature is not None and all(field.dtype in _NUMERIC for field in signature.inputs)
        return None if self.is_stub or self.unit.is_server or not is_numeric else self.width

    @property
    def input_names(self) -> Sequence[str]:
        """The features' names, or nothing where one has none."""
        signature = self.artifact.signature if self.artifact else None
        return signature.input_names if signature else ()

    @property
    def output_names(self) -> Sequence[str] | None:
        """The names of what the artifact answers with; None where nothing says it."""
        outputs = self.artifact.signature.output_columns if self.artifact and self.artifact.signature else ()
        return [column.name or f"t:{number}" for number, column in enumerate(outputs)] or None

    @property
    def is_detector(self) -> bool:
        return hasattr(self.cls, "load_detector")


def load_nodes(
    predictor: PredictorSpec,
    roles: Sequence[Role],
    puller: Puller,
    say: Callable[[str], None],
    *,
    protocol: str,
    in_process: bool,
) -> Iterator[LoadedNode]:
    """Load every node of a graph, parents first. `say` hears what is being loaded.

    Components are built and loaded only where nodes run `in_process`. Prepackaged servers are told the
    deployment's `protocol`.

    Raises:
        ConfigurationError: a component does not fit its node.
        EnvironmentFault: an artifact is missing or refused.
    """
    references: dict[str, list[Any]] = {}
    for role in roles:
        unit = role.unit
        say(unit.name)
        started = perf_counter()
        if role.is_stub:
            yield LoadedNode(unit, artifact=puller.at_hand(unit), is_stub=True)
            continue
        if role.reference is None:
            yield LoadedNode(unit)
            continue
        artifact = puller.artifact(unit)
        assert role.cls is not None
        arguments = {**_arguments(unit, artifact), **_server_arguments(role, puller.project, protocol)}
        loaded, compiled = None, Compilation()
        if in_process:
            evidence = references.get(unit.name, ())
            with container_environment(predictor, unit.name), compilation(evidence, puller.project.state) as compiled:
                loaded = _load(role.cls, unit, arguments)
            _check_required(predictor, unit, compiled)
        seconds = role.seconds + perf_counter() - started
        node = LoadedNode(unit, role.reference, role.cls, loaded, artifact, arguments, seconds, compiled=compiled)
        if node.is_detector and in_process and artifact is not None:
            rows = reference_rows(artifact.path)
            for below in unit.walk():
                references.setdefault(below.name, []).extend(rows)
        yield node


def _check_required(predictor: PredictorSpec, unit: PredictiveUnit, compiled: Compilation) -> None:
    """A node of its own wish needs a kernel; what the whole process is told concerns only models that are loaded."""
    container = predictor.container(unit.name)
    required = container is not None and container.environment().get(VARIABLE) == "require"
    if required and not compiled.engines:
        what = f"node {unit.name!r} requires acceleration, and loads no model that is compiled"
        raise ArtifactRefused(what, hint="load the model with `load_model`, or let accelerate be auto")


def _arguments(unit: PredictiveUnit, artifact: Artifact | None) -> dict[str, Any]:
    try:
        arguments: dict[str, Any] = {parameter.name: parameter.python_value() for parameter in unit.parameters}
    except ValueError as error:
        raise ConfigurationError(f"node {unit.name!r}: {error}", hint="correct the node's parameters") from error
    return arguments if artifact is None else {**arguments, "model_uri": str(artifact.path)}


def _server_arguments(role: Role, project: Project, protocol: str) -> dict[str, str]:
    """What a prepackaged server gets beyond Seldon's parameters: who decides what may be loaded, and the protocol."""
    if not role.is_server or role.cls is None:
        return {}
    told = {"protocol": protocol} if "protocol" in inspect.signature(role.cls).parameters else {}
    return {"project": str(project.root), **told}


def _load(cls: type, unit: PredictiveUnit, arguments: Mapping[str, Any]) -> Component:
    instance = component.build(cls, unit.name, arguments)
    component.load(instance, unit.name)
    try:
        return component.read(instance, unit.name, needed_methods(unit))
    except ComponentMismatch:
        raise
    except Exception as error:
        raise ComponentMismatch(f"node {unit.name!r}: {type(error).__name__}: {error}") from error
