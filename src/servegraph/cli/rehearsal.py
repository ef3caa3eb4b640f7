"""Send the example that an artifact was registered with through a graph, along every branch, before anybody serves it.

Only graphs whose components are all this project's own, with artifacts at hand: nothing is downloaded, and
of a graph of strangers nothing is run.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from servegraph.artifacts import Registry
from servegraph.check import Found, Rule
from servegraph.check.fit import COMPONENT, EXAMPLE, NO_ARTIFACT, ROUTE, SLOW, UNSTARTED
from servegraph.check.subject import Node, Predictor
from servegraph.cli.assemble import LoadedNode, load_nodes
from servegraph.cli.container_class import class_of
from servegraph.cli.puller import Puller
from servegraph.cli.roles import roles_of
from servegraph.cli.substitutes import Substitutes
from servegraph.cli.units import local_units, origins
from servegraph.engine import Engine, Parts, RoutingInjection, Unit, compile_plan
from servegraph.engine.builtin import BuiltIn
from servegraph.engine.context import Context
from servegraph.engine.puid import new_puid
from servegraph.errors import (
    ConfigurationError,
    EnvironmentFault,
    InvalidRoute,
    PayloadError,
    ServeGraphError,
    UnitError,
)
from servegraph.observe.metrics import Metrics
from servegraph.payload import Message
from servegraph.payload.envelope import Envelope, Text
from servegraph.payload.seldon import MESSAGE
from servegraph.payload.wire_json import dump
from servegraph.project import Project
from servegraph.servers import SERVERS
from servegraph.spec import PredictiveUnit, PredictorSpec, SeldonDeployment, UnitType

ROWS = 2
WITHIN_S = 30.0
Way = Mapping[str, int]
"""The branch of each router on one way through a graph."""


def rehearse(
    project: Project, deployment: SeldonDeployment, predictor: Predictor, registry: Registry, file: Path
) -> Iterator[tuple[Rule, Found]]:
    """What goes wrong when a predictor's graph is loaded and asked; nothing if it is not ours to run."""
    if not all(_is_ours(project, predictor.spec, node.unit) for node in predictor.nodes):
        return
    puller = Puller(registry, project, (file.parent, Path()))
    protocol = deployment.spec.protocol or "seldon"
    if any(node.unit.model_uri and puller.at_hand(node.unit) is None for node in predictor.nodes):
        return
    try:
        ((_, roles),) = roles_of(project, [predictor.spec], Substitutes(), is_own=True)
        nodes = list(
            load_nodes(
                predictor.spec,
                roles,
                puller,
                lambda _: None,
                protocol=protocol,
                in_process=True,
            )
        )
    except EnvironmentFault as error:
        yield NO_ARTIFACT, _at(predictor, error, str(error), error.hint)
    except (ConfigurationError, SystemExit) as error:
        # What its own code raised, for want of a variable or a database, says little about the cluster.
        is_its_own = error.__cause__ is not None and not isinstance(error.__cause__, ServeGraphError | TypeError)
        rule = UNSTARTED if isinstance(error, SystemExit) or is_its_own else COMPONENT
        yield rule, _at(predictor, error, str(error) or "it ends the process", getattr(error, "hint", None))
    else:
        yield from asyncio.run(_asked(deployment, predictor, nodes))


def _is_ours(project: Project, predictor: PredictorSpec, unit: PredictiveUnit) -> bool:
    """Whether a node needs no class, or has one in a folder of this project, or is a server that we have."""
    if unit.built_in:
        return True
    container = predictor.container(unit.name)
    reference = class_of(container, project) if container else None
    if reference is None:
        return unit.implementation in SERVERS
    return (project.root / reference.replace(":", ".").partition(".")[0]).is_dir()


async def _asked(
    deployment: SeldonDeployment, predictor: Predictor, nodes: Sequence[LoadedNode]
) -> list[tuple[Rule, Found]]:
    """What happened to the example on every way, each mishap once."""
    bodies = _bodies(nodes)
    metrics = Metrics(deployment.name, predictor.spec.name, "", {}, None)
    in_threads = True  # of code that hangs on the loop nobody could be told
    units = local_units(nodes, predictor.spec, metrics, origins(deployment.name, predictor.spec, ""), in_threads)
    found: dict[tuple[str, str], tuple[Rule, Found]] = {}
    for way in ({}, *_ways(predictor.spec.graph)):
        engine = _engine(_forced(predictor.spec, way), nodes, units, way, metrics)
        for body in bodies:
            try:
                async with asyncio.timeout(WITHIN_S):
                    answer = await engine.predict(Envelope(MESSAGE, "rest", text=Text(body)), Context(new_puid()))
                answer.text()
            except TimeoutError:
                what = f"the example was not answered within {WITHIN_S:.0f} s"
                found.setdefault((SLOW.code, what), (SLOW, _at(predictor, ServeGraphError(what), what, None)))
            except (PayloadError, UnitError) as error:
                rule = ROUTE if isinstance(error, InvalidRoute) else EXAMPLE
                mishap = _at(predictor, error, str(error), error.hint)
                found.setdefault((rule.code, mishap.message), (rule, mishap))
    return list(found.values())


def _bodies(nodes: Sequence[LoadedNode]) -> list[bytes]:
    """The example as it is, and as clients write whole numbers; nothing if no artifact has one."""
    for node in nodes:
        example = node.artifact.input_example() if node.artifact else None
        if example:
            rows = example[:ROWS]
            names = list(node.input_names) if all(isinstance(row, list) for row in rows) else []
            return [dump({"data": {"names": names, "ndarray": each}}) for each in (rows, _whole(rows))]
    return []


def _whole(rows: Any) -> Any:
    """The same rows, numbers without a fraction written without a point; others rounded."""
    if isinstance(rows, list):
        return [_whole(item) for item in rows]
    return round(rows) if isinstance(rows, float) and abs(rows) < 2**53 else rows


def _ways(unit: PredictiveUnit) -> list[Way]:
    """Ways through the graph that take every branch of every router at least once."""
    below = [_ways(child) for child in unit.children]
    if unit.is_router:
        return [{unit.name: branch, **way} for branch, ways in enumerate(below) for way in ways or [{}]]
    together = zip_longest(*below, fillvalue={})
    return [{name: branch for way in ways for name, branch in way.items()} for ways in together]


def _forced(spec: PredictorSpec, way: Way) -> PredictorSpec:
    """The predictor whose routers are all nodes that are asked, so that we can answer for them."""
    changed = spec.model_copy(deep=True)
    for unit in changed.graph.walk():
        if unit.name in way:
            unit.implementation, unit.type = None, UnitType.ROUTER
    return changed


class _Forced(BuiltIn):
    """A router's unit that always takes one branch."""

    def __init__(self, unit: PredictiveUnit, branch: int) -> None:
        super().__init__(unit)
        self._branch = branch

    async def route(self, request: Envelope[Message], context: Context) -> int:
        return self._branch


def _engine(
    spec: PredictorSpec, nodes: Sequence[LoadedNode], units: Mapping[str, Unit], way: Way, metrics: Metrics
) -> Engine:
    forced: dict[str, Unit] = {
        unit.name: _Forced(unit, way[unit.name]) for unit in spec.graph.walk() if unit.name in way
    }
    widths = {node.unit.name: node.checked_width for node in nodes if node.checked_width is not None}
    parts = Parts(units={**units, **forced}, widths=widths)
    return Engine(compile_plan(spec, parts, RoutingInjection.NEVER), None, metrics)


def _at(predictor: Predictor, error: BaseException, message: str, help_: str | None) -> Found:
    """A finding at the node that an error is about: it says so itself, or its text names it."""
    node = _node_of(predictor, error)
    place = (*node.place, "name") if node else (*predictor.place, "graph", "name")
    fallback = "try the class alone with the example's rows"
    return Found(place, message.partition("\n")[0], help_ or fallback)


def _node_of(predictor: Predictor, error: BaseException) -> Node | None:
    name = error.unit if isinstance(error, UnitError) else None
    named = [node for node in predictor.nodes if node.unit.name == name or f"node {node.unit.name!r}" in str(error)]
    return named[0] if named else None
