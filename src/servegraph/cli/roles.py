"""What each node of a manifest is run as, decided before anything is loaded.

What cannot run is told all at once, with what can be done about it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from time import perf_counter

from servegraph.cli.container_class import class_of
from servegraph.cli.substitutes import Substitutes
from servegraph.errors import ComponentNotFound, ConfigurationError
from servegraph.project import Project, load_class
from servegraph.servers import SERVERS
from servegraph.spec import PredictiveUnit, PredictorSpec

_WAYS_OUT = (
    "map the image to a class of this project in [tool.servegraph.components], or put a stand-in in the node's place "
    "with --stub NODE, or say where it runs with --remote NODE=http://host:port"
)


@dataclass(frozen=True, slots=True)
class Role:
    """How one node runs: as a class here, as a stand-in, or (both missing) built in or elsewhere.

    Attributes:
        reference: which class it is.
        is_server: whether the class is one of ours for a prepackaged server.
        seconds: what its import took.
    """

    unit: PredictiveUnit
    reference: str | None = None
    cls: type | None = None
    is_server: bool = False
    is_stub: bool = False
    seconds: float = 0.0


class _NoClass(Exception):
    """A node that cannot run without its container."""

    def __init__(self, error: ConfigurationError, image: str) -> None:
        super().__init__(error, image)
        self.error = error
        self.text = f"{error} (image {image})" if image else str(error)


def roles_of(
    project: Project, predictors: Sequence[PredictorSpec], substitutes: Substitutes, *, is_own: bool
) -> list[tuple[PredictorSpec, list[Role]]]:
    """The roles of all nodes, parents first, by predictor; classes are imported, and not yet built.

    Args:
        is_own: whether the project itself wrote the graph, in Python; then a missing class is a slip, and no
            reason to speak of containers.

    Raises:
        ConfigurationError: some nodes cannot run without their containers, or a class cannot be imported.
    """
    problems: list[_NoClass] = []
    found = []
    for predictor in predictors:
        roles = []
        for unit in predictor.graph.walk():
            try:
                roles.append(_role(project, predictor, unit, substitutes))
            except _NoClass as problem:
                problems.append(problem)
        found.append((predictor, roles))
    if problems:
        raise problems[0].error if is_own else _refusal(problems)
    return found


def _refusal(problems: Sequence[_NoClass]) -> ConfigurationError:
    lines = list(dict.fromkeys(problem.text for problem in problems))
    text = lines[0] if len(lines) == 1 else "\n  ".join(["nodes cannot run without their containers:", *lines])
    return ConfigurationError(text, hint=_WAYS_OUT)


def _role(project: Project, predictor: PredictorSpec, unit: PredictiveUnit, substitutes: Substitutes) -> Role:
    if unit.built_in or substitutes.is_remote(predictor, unit.name):
        return Role(unit)
    if substitutes.is_stub(predictor, unit.name):
        return Role(unit, is_stub=True)
    reference = _reference(project, predictor, unit)
    if reference is None:
        return Role(unit)
    started = perf_counter()
    try:
        with container_environment(predictor, unit.name):
            cls = load_class(project, reference)
    except ComponentNotFound as error:
        own = ComponentNotFound(f"node {unit.name!r}: {error}", hint=error.hint)
        raise _NoClass(own, predictor.image(unit.name)) from error
    return Role(unit, reference, cls, reference in SERVERS.values(), seconds=perf_counter() - started)


def _reference(project: Project, predictor: PredictorSpec, unit: PredictiveUnit) -> str | None:
    """The class of a node; None where it runs elsewhere, as its manifest says."""
    container = predictor.container(unit.name)
    reference = class_of(container, project) if container else None
    if reference is None:
        reference = SERVERS.get(unit.implementation or "")
    if reference is not None or (unit.has_address and _has_port(unit)):
        return reference
    if container and "servegraph" in container.command[:1] and "run" in container.command[1:2]:
        what = f"node {unit.name!r} is a whole graph in one container, as `servegraph render --form fused` writes it"
        raise _NoClass(ConfigurationError(what, hint="run the graph that it was rendered from"), "")
    what = f"{unit.implementation} is not run here" if unit.is_server else "nothing says which class it is"
    hint = "set the environment variable MODEL_NAME of its container to folder.file:Class"
    raise _NoClass(ConfigurationError(f"node {unit.name!r}: {what}", hint=hint), predictor.image(unit.name))


def _has_port(unit: PredictiveUnit) -> bool:
    return any((unit.endpoint or {}).get(key) for key in ("service_port", "httpPort", "grpcPort"))


@contextmanager
def container_environment(predictor: PredictorSpec, node: str) -> Iterator[None]:
    """The variables of a node's container, for as long as its component is loaded: nodes share the process."""
    container = predictor.container(node)
    before = dict(environ)
    environ.update(container.environment() if container else {})
    try:
        yield
    finally:
        for name in set(environ) - set(before):
            del environ[name]
        environ.update(before)
