"""Whether the artifacts of a graph fit one another, by their signatures (SG40x), and what happened when an example was
sent through the graph (SG41x).

Nothing here reads an artifact or runs a component: both are given as plain data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import cleandoc

from servegraph.check.finding import Found, Level
from servegraph.check.flow import Edge, edges
from servegraph.check.rule import Rule
from servegraph.check.subject import Node, Predictor

_NUMBERS = ("boolean", "integer", "long", "float", "double")  # each fits into those after it


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a signature; `dtype` is MLflow's word for it ("double", "long", "string", ...)."""

    name: str | None
    dtype: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Ports:
    """What an artifact takes and gives, as its signature says; None where it does not.

    Attributes:
        width: features per row, which a tensor's signature may say as well.
    """

    inputs: Sequence[Column] | None = None
    width: int | None = None
    outputs: Sequence[Column] | None = None


def _words(code: str, level: Level, title: str, why: str) -> Rule:
    return Rule(code, level, title, cleandoc(why))


WIDTH = _words(
    "SG401",
    Level.ERROR,
    "A node answers with more or fewer columns than the next one takes",
    """The signatures of two artifacts disagree on the number of columns between them. Every request fails at the second
    node, or is answered wrongly where that one does not look. Signatures are what MLflow stored with the artifacts.""",
)
NAMES = _words(
    "SG402",
    Level.WARNING,
    "A node gets columns of other names than it was trained on",
    """Both artifacts name their columns, and the names differ. A component that goes by position does not notice;
    one that goes by name, as MLFLOW_SERVER does, refuses the request. Check that the columns mean the same.""",
)
ORDER = _words(
    "SG403",
    Level.ERROR,
    "A node gets its columns in another order",
    """Both artifacts have the same columns in another order. What is sent from node to node is an array: a component
    that goes by position takes one feature for another, and answers, wrongly. MLFLOW_SERVER, which goes by name, is
    not concerned.""",
)
DTYPE = _words(
    "SG404",
    Level.ERROR,
    "A node gets a type that it cannot take",
    """A column of the first artifact's answer has a type that does not fit into that of the second one's input: text
    where numbers are meant, or fractions where whole numbers are. Whole numbers are widened where fractions are
    meant.""",
)
NO_ARTIFACT = _words(
    "SG405",
    Level.NOTE,
    "An artifact that could not be looked at",
    """Whether a node fits its neighbours is read from its artifact's signature. The artifact could not be found from
    here, so that this was not checked; the deployment may be right all the same.""",
)
INTEGERS = _words(
    "SG406",
    Level.WARNING,
    "Whole numbers that MLflow will refuse",
    """JSON has one kind of number, and a client that sends 5 for 5.0 sends a whole number. MLflow does not convert
    it where the signature says double, so that in a cluster MLFLOW_SERVER refuses the request; here it is converted.
    Clients have to write 5.0, or the model has to be logged with an example that says so.""",
)
BARE_ARRAY = _words(
    "SG407",
    Level.ERROR,
    "MLFLOW_SERVER hands an array to a model that wants named columns",
    """Seldon's MLFLOW_SERVER passes a bare array on unless the parameter `xtype` says DataFrame. A model whose
    signature has named columns, which every model logged with a DataFrame as its example has, refuses it: "Model is
    missing inputs". Here the names are taken from the signature.""",
)
EXAMPLE = _words(
    "SG411",
    Level.ERROR,
    "The example does not pass the graph",
    """The rows that an artifact was registered with were sent through the graph, as a client would send them, and a
    node refused them or failed. Requests will fare alike.""",
)
ROUTE = _words(
    "SG412",
    Level.ERROR,
    "A router chose a branch that does not exist",
    """The example was sent through the graph, and a router answered with the number of a child that the graph does
    not have. Children are numbered from 0; -1 means all of them, and -2 none.""",
)
COMPONENT = _words(
    "SG413",
    Level.ERROR,
    "A node's class cannot be what the node says",
    """The class that a node's container names does not exist in this project, cannot be made with the node's
    parameters, or lacks the method that the node's type needs. The container would fail at its start, or at the
    first request.""",
)
UNSTARTED = _words(
    "SG414",
    Level.WARNING,
    "A node's class that does not start here",
    """The class was made with the node's parameters, as its container would, and its own code raised an error. Where
    it needs what only the cluster has, a variable from a secret or a database, that says nothing; otherwise the
    container would not start, either.""",
)
SLOW = _words(
    "SG415",
    Level.WARNING,
    "A graph that does not answer its example in time",
    """The rows that an artifact was registered with were sent through the graph, and there was no answer within half a
    minute. Clients and gateways give up earlier.""",
)
RULES = (WIDTH, NAMES, ORDER, DTYPE, NO_ARTIFACT, INTEGERS, BARE_ARRAY, EXAMPLE, ROUTE, COMPONENT, UNSTARTED, SLOW)


def signatures_fit(
    predictor: Predictor, ports: Mapping[str, Ports], protocol: str = "seldon"
) -> Iterator[tuple[Rule, Found]]:
    """What does not fit between the nodes of a predictor; `ports` are by node name, unknown ones missing.

    With another `protocol` than seldon the server of MLflow models is MLServer, which goes by the signature.
    """
    for edge in edges(predictor.nodes):
        producer = edge.producer
        gives = ports.get(producer.unit.name) if producer else None
        takes = ports.get(edge.consumer.unit.name)
        if producer and gives and takes:
            yield from _between(producer, edge.consumer, gives, takes)
        if takes and edge.producer is None and protocol == "seldon":
            yield from _from_outside(edge, takes)
    if protocol == "seldon":
        yield from _bare_arrays(predictor, ports)


def _between(producer: Node, consumer: Node, gives: Ports, takes: Ports) -> Iterator[tuple[Rule, Found]]:
    if gives.outputs is None:
        return
    given, wanted = len(gives.outputs), _wanted(takes)
    names = f"{producer.unit.name!r} answers with", f"{consumer.unit.name!r} takes"
    if wanted is not None and not wanted[0] <= given <= wanted[1]:
        what = f"{names[0]} {_columns(given)}, {names[1]} {_range(wanted)}"
        help_ = "use the version of the artifact that belongs to the other one, or put a transformer between them"
        yield WIDTH, _at(consumer, what, help_)
    elif takes.inputs is not None:
        yield from _columns_fit(consumer, names, gives.outputs, takes.inputs)


def _columns_fit(
    consumer: Node, names: tuple[str, str], given: Sequence[Column], wanted: Sequence[Column]
) -> Iterator[tuple[Rule, Found]]:
    by_name, have, want = _goes_by_name(consumer), _names(given), _names(wanted)
    if have and want and set(have) != set(want):
        missing = [column.name or "" for column in wanted if column.required and column.name not in have]
        if missing or not by_name:
            strange = _some(set(have) - set(want))
            what = f"{names[0]} columns that {consumer.unit.name!r} does not know: {strange}"
            yield NAMES, _at(consumer, what, "check that they mean the same", f"it knows {_some(want)}")
        return
    if have and want and have != want and not by_name:
        first = next(index for index, pair in enumerate(zip(have, want, strict=True)) if pair[0] != pair[1])
        what = f"column {first + 1} is {have[first]!r} where {names[0]} it and {want[first]!r} where {names[1]} it"
        yield ORDER, _at(consumer, what, "train one of them with the order of the other")
        return
    types = {column.name: column.dtype for column in given} if by_name and have and want else {}
    for index, column in enumerate(wanted):
        dtype = types.get(column.name) if types else given[index].dtype if index < len(given) else None
        if dtype is not None and not _widens(dtype, column.dtype):
            label = repr(column.name) if column.name else str(index + 1)
            yield DTYPE, _at(consumer, f"column {label}: {names[0]} {dtype}, {names[1]} {column.dtype}", "convert it")
            return


def _from_outside(edge: Edge, takes: Ports) -> Iterator[tuple[Rule, Found]]:
    node = edge.consumer
    doubles = [column for column in takes.inputs or () if column.dtype in ("double", "float")]
    if node.unit.implementation == "MLFLOW_SERVER" and doubles:
        first = doubles[0]
        what = f"node {node.unit.name!r}: column {first.name or 1!r} must be {first.dtype}, and 5 is none for MLflow"
        yield INTEGERS, _at(node, what, "have clients write 5.0")


def _bare_arrays(predictor: Predictor, ports: Mapping[str, Ports]) -> Iterator[tuple[Rule, Found]]:
    for node in predictor.nodes:
        takes = ports.get(node.unit.name)
        if node.unit.implementation != "MLFLOW_SERVER" or takes is None or not _names(takes.inputs or ()):
            continue
        xtype = next((parameter.value for parameter in node.unit.parameters if parameter.name == "xtype"), "ndarray")
        if xtype == "ndarray":
            what = f"node {node.unit.name!r}: the model wants the columns {_some(_names(takes.inputs or ()))} by name"
            yield BARE_ARRAY, _at(node, what, "add the parameter xtype: DataFrame (type STRING)")


def _at(node: Node, message: str, help_: str, note: str = "") -> Found:
    place = (*node.place, "modelUri") if node.unit.model_uri else (*node.place, "name")
    return Found(place, message, help_, note)


def _goes_by_name(node: Node) -> bool:
    return node.unit.implementation == "MLFLOW_SERVER"


def _wanted(takes: Ports) -> tuple[int, int] | None:
    """The fewest and the most columns that are taken."""
    if takes.inputs is not None:
        return sum(column.required for column in takes.inputs), len(takes.inputs)
    return None if takes.width is None else (takes.width, takes.width)


def _names(columns: Sequence[Column]) -> list[str]:
    """The names of all columns; empty if one has none."""
    names = [column.name for column in columns if column.name is not None]
    return names if len(names) == len(columns) else []


def _widens(given: str, wanted: str) -> bool:
    if given in _NUMBERS and wanted in _NUMBERS:
        return _NUMBERS.index(given) <= _NUMBERS.index(wanted) or {given, wanted} == {"float", "double"}
    return given == wanted or given not in (*_NUMBERS, "string") or wanted not in (*_NUMBERS, "string")


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _range(wanted: tuple[int, int]) -> str:
    return _columns(wanted[0]) if wanted[0] == wanted[1] else f"{wanted[0]} to {wanted[1]} columns"


def _some(names: Sequence[str] | set[str]) -> str:
    shown = sorted(names) if isinstance(names, set) else list(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
