"""Put a graph together: pull its artifacts, load its components, say so node by node."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from servegraph import component
from servegraph.artifacts import Artifact, Registry
from servegraph.component import Component
from servegraph.engine import needed_methods
from servegraph.errors import (
    ArtifactNotFound,
    ArtifactRefused,
    ComponentMismatch,
    ComponentNotFound,
    ConfigurationError,
)
from servegraph.project import Project, load_class
from servegraph.spec import PredictiveUnit, PredictorSpec


@dataclass(frozen=True, slots=True)
class LoadedNode:
    """A node that is ready, and what it took.

    Attributes:
        reference: which class it is; None for a built-in node, and for one that runs elsewhere.
        component: the loaded class; None also where the node gets a process of its own.
    """

    unit: PredictiveUnit
    reference: str | None = None
    cls: type | None = None
    component: Component | None = None
    artifact: Artifact | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def width(self) -> int | None:
        """Features per row, where the artifact's signature says so."""
        return self.artifact.signature.width if self.artifact and self.artifact.signature else None

    @property
    def input_names(self) -> Sequence[str]:
        """The features' names, or nothing where one has none."""
        signature = self.artifact.signature if self.artifact else None
        return (signature.input_names or ()) if signature else ()

    @property
    def is_detector(self) -> bool:
        return hasattr(self.cls, "load_detector")


def load_nodes(
    project: Project, predictor: PredictorSpec, registry: Registry, say: Callable[[str], None], in_process: bool
) -> Iterator[LoadedNode]:
    """Load every node of a graph, parents first. `say` hears what is being loaded.

    Components are built and loaded only where nodes run `in_process`.

    Raises:
        ConfigurationError: a component does not exist or does not fit its node.
        EnvironmentFault: an artifact is missing or refused.
    """
    for unit in predictor.graph.walk():
        say(unit.name)
        started = perf_counter()
        if unit.built_in or _runs_elsewhere(unit, predictor):
            yield LoadedNode(unit)
            continue
        reference = _reference(unit, predictor)
        artifact = _artifact(registry, unit)
        arguments = _arguments(unit, artifact)
        with _environment(unit, predictor):
            cls = _class(project, reference, unit)
            loaded = _load(cls, unit, arguments) if in_process else None
        yield LoadedNode(unit, reference, cls, loaded, artifact, arguments, perf_counter() - started)


@contextmanager
def _environment(unit: PredictiveUnit, predictor: PredictorSpec) -> Iterator[None]:
    """The variables of a node's container, for as long as its component is loaded: nodes share the process."""
    container = predictor.container(unit.name)
    before = dict(os.environ)
    os.environ.update(container.environment() if container else {})
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


def _runs_elsewhere(unit: PredictiveUnit, predictor: PredictorSpec) -> bool:
    """Whether a node has an address, and no class that we could run."""
    container = predictor.container(unit.name)
    has_class = container is not None and "MODEL_NAME" in container.environment()
    return unit.has_address and not has_class


def _reference(unit: PredictiveUnit, predictor: PredictorSpec) -> str:
    container = predictor.container(unit.name)
    reference = container.environment().get("MODEL_NAME") if container else None
    if not reference and unit.is_server:
        raise ConfigurationError(
            f"node {unit.name!r}: prepackaged servers such as {unit.implementation} are not run here",
            hint="give the node a class (MODEL_NAME of a container of its name), or an endpoint where it runs",
        )
    if not reference:
        raise ConfigurationError(
            f"node {unit.name!r}: nothing says which class it is",
            hint="set the environment variable MODEL_NAME of its container to folder.file:Class",
        )
    return reference


def _artifact(registry: Registry, unit: PredictiveUnit) -> Artifact | None:
    try:
        return registry.resolve(unit.model_uri) if unit.model_uri else None
    except (ArtifactNotFound, ArtifactRefused) as error:
        raise type(error)(f"node {unit.name!r}: {error}", hint=error.hint) from error


def _class(project: Project, reference: str, unit: PredictiveUnit) -> type:
    try:
        return load_class(project, reference)
    except ComponentNotFound as error:
        raise ComponentNotFound(f"node {unit.name!r}: {error}", hint=error.hint) from error


def _arguments(unit: PredictiveUnit, artifact: Artifact | None) -> dict[str, Any]:
    try:
        arguments: dict[str, Any] = {parameter.name: parameter.python_value() for parameter in unit.parameters}
    except ValueError as error:
        raise ConfigurationError(f"node {unit.name!r}: {error}", hint="correct the node's parameters") from error
    return arguments if artifact is None else {"model_uri": str(artifact.path), **arguments}


def _load(cls: type, unit: PredictiveUnit, arguments: Mapping[str, Any]) -> Component:
    instance = component.build(cls, unit.name, arguments)
    component.load(instance, unit.name)
    try:
        return component.read(instance, unit.name, needed_methods(unit))
    except ComponentMismatch:
        raise
    except Exception as error:
        raise ComponentMismatch(f"node {unit.name!r}: {type(error).__name__}: {error}") from error
