"""Requests, and what every topology answers to them: literals, for REST and for gRPC.

Where nothing else is said, gRPC answers with the protobuf of the same document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.topology.asking import FEEDBACK, PREDICTIONS, as_grpc

Document = dict[str, Any]
INTERNAL = "MICROSERVICE_INTERNAL_ERROR"
BAD_DATA = "MICROSERVICE_BAD_DATA"
_APPLICATION = "Exception calling application: "


@dataclass(frozen=True)
class Case:
    """What is asked of a graph, and answered.

    Attributes:
        request: the document that is posted; None for a GET.
        call: the gRPC method and its request; None where there is none.
        rest: status and body.
        grpc: code, and message or details.
        own_words: what our component server says over gRPC and Seldon's loses.
        original: whether Seldon's component server answers the same.
    """

    name: str
    graph: str
    path: str
    request: Document | None
    rest: tuple[int, Any]
    call: tuple[str, Document] | None = None
    grpc: tuple[str, Any] | None = None
    own_words: bool = False
    original: bool = True


ARRAY: Document = {"data": {"names": ["a", "b"], "ndarray": [[1, 2], [3.5, 4]]}}
TENSOR: Document = {"data": {"tensor": {"shape": [1, 2], "values": [1, 2]}}}
DIMENSIONS = {"dim": [{"size": "1"}, {"size": "2"}]}
TFTENSOR: Document = {"data": {"tftensor": {"dtype": "DT_DOUBLE", "tensorShape": DIMENSIONS, "doubleVal": [1, 2]}}}
PREPARED = {"key": "prepared", "type": "COUNTER", "value": 1, "tags": {"part": "first", "method": "inputtransform"}}
LEFT = {"key": "left_factor", "type": "GAUGE", "value": 2.0}
RIGHT = {"key": "right_factor", "type": "GAUGE", "value": 3.0}
SEEN = {"key": "seen", "type": "COUNTER", "value": 2}
TEXT = "höher & weiter <☃>"


def asking(message: Document = ARRAY, **wishes: Any) -> Document:
    """The message with what it wants of the nodes."""
    return {**message, "meta": {"tags": wishes}}


def path(*nodes: str) -> Document:
    return {node: f"talk/{node}:1.2" for node in nodes}


def line(branch: str = "left", routing: Document | None = None, metrics: Any = (), **tags: Any) -> Document:
    """`meta` of an answer of the graph `line`."""
    metric = {"left": [LEFT], "right": [RIGHT], "prepare": []}[branch]
    own = {} if branch == "prepare" else {branch: "done"}
    model = [] if branch == "prepare" else [branch]
    taken = routing or {"finish": -1, "prepare": -1, "choose": ["left", "right"].index(branch), branch: -1}
    return {
        "tags": {"prepared": True, **own, "who": branch, **tags},
        "metrics": [PREPARED, *metric, *metrics],
        "requestPath": path("prepare", *model, "finish"),
        "routing": taken,
    }


def fan(**tags: Any) -> Document:
    return {
        "tags": {"left": "done", "right": "done", "who": "right", "mixed": 2, **tags},
        "metrics": [LEFT, RIGHT],
        "requestPath": path("left", "right", "mix"),
    }


def rows(*values: Any, names: tuple[str, ...] = ("x", "y")) -> Document:
    return {"names": list(names), "ndarray": list(values)}


def component_error(info: str, reason: str) -> Document:
    return {"status": {"code": -1, "info": info, "reason": reason, "status": 1}}


def executor_error(info: str) -> Document:
    return {"status": {"code": 500, "info": info, "status": "FAILURE"}}


def answers(
    name: str, graph: str, request: Document, body: Document, over_grpc: Document | None = None, original: bool = True
) -> Case:
    """A prediction that succeeds."""
    grpc = ("OK", as_grpc(body) if over_grpc is None else over_grpc)
    return Case(name, graph, PREDICTIONS, request, (200, body), ("Predict", request), grpc, original=original)


def fails(
    name: str,
    graph: str,
    request: Document,
    info: str,
    status: int = 500,
    reason: str = INTERNAL,
    over_grpc: str | None = None,
    **flags: bool,
) -> Case:
    """A prediction at which a component fails."""
    rest = (status, component_error(info, reason))
    grpc = ("UNKNOWN", _APPLICATION + (info if over_grpc is None else over_grpc))
    return Case(name, graph, PREDICTIONS, request, rest, ("Predict", request), grpc, **flags)


def lost(name: str, graph: str, request: Document, info: str) -> Case:
    """A prediction at which the graph fails."""
    rest, grpc = (500, executor_error(info)), ("INTERNAL", info)
    return Case(name, graph, PREDICTIONS, request, rest, ("Predict", request), grpc)


def told(name: str, graph: str, feedback: Document, body: Document, over_grpc: Document | None = None) -> Case:
    """Feedback that is delivered."""
    grpc = ("OK", as_grpc(body) if over_grpc is None else over_grpc)
    return Case(name, graph, FEEDBACK, feedback, (200, body), ("SendFeedback", feedback), grpc)


def shown(
    name: str,
    graph: str,
    where: str,
    body: Any,
    call: tuple[str, Document] | None = None,
    over_grpc: Document | None = None,
) -> Case:
    """What a GET shows."""
    return Case(name, graph, where, None, (200, body), call, None if over_grpc is None else ("OK", over_grpc))


PAYLOADS = [
    answers("ndarray", "line", ARRAY, {"data": rows([40.0, 60.0], [90.0, 100.0]), "meta": line()}),
    answers(
        "tensor",
        "line",
        TENSOR,
        {"data": {"names": ["x", "y"], "tensor": {"shape": [1, 2], "values": [40.0, 60.0]}}, "meta": line()},
    ),
    answers(
        "tftensor",
        "fan",
        TFTENSOR,
        {
            "data": {
                "names": ["t:0", "t:1"],
                "tftensor": {
                    "dtype": "DT_DOUBLE",
                    "tensorShape": DIMENSIONS,
                    "tensorContent": "AAAAAAAAFEAAAAAAAAAkQA==",
                },
            },
            "meta": fan(),
        },
        original=False,  # it has no TensorFlow
    ),
    answers("strData", "line", {"strData": TEXT}, {"strData": TEXT, "meta": line()}),
    answers("binData", "line", {"binData": "AP8="}, {"binData": "AP8=", "meta": line()}),
    answers(
        "jsonData",
        "line",
        {"jsonData": {"a": [1, None, True, {"b": "c"}]}},
        {"jsonData": {"a": [1, None, True, {"b": "c"}]}, "meta": line()},
    ),
    answers(
        "ndarray of texts",
        "line",
        {"data": {"ndarray": ["a", "b"]}},
        {"data": {"names": [], "ndarray": ["a", "b"]}, "meta": line()},
    ),
    answers(
        "ndarray with a null",
        "line",
        {"data": {"ndarray": [[None, 1]]}},
        {"data": rows([None, 1]), "meta": line()},
    ),
    answers("data without an array", "line", {"data": {}}, {"data": rows(names=()), "meta": line()}),
]


def odd(*values: Any) -> Document:
    """Four numbers; protobuf's JSON quotes those that are none."""
    return {"data": {"names": ["x", "y"], "tensor": {"shape": [2, 2], "values": list(values)}}, "meta": line()}


RETURNED = [
    answers(
        "a list",
        "line",
        asking(left="list"),
        {"data": {"names": [], "ndarray": [10, 20, 30]}, "meta": line()},
    ),
    answers(
        "a list for JSON",
        "line",
        asking({"jsonData": [1]}, left="list"),
        {"data": {"names": [], "tensor": {"shape": [3], "values": [10, 20, 30]}}, "meta": line()},
    ),
    answers(
        "numbers beside texts",
        "chain",
        asking(left="mixed"),
        {
            "data": {"names": ["t:0", "t:1"], "ndarray": [["1", "one"], ["2.5", "two"]]},
            "meta": {
                "tags": {"pass": 1, "left": "done", "who": "left"},
                "requestPath": path("pass", "left"),
                "metrics": [SEEN],
            },
        },
    ),
    answers("texts", "line", asking(left="texts"), {"data": rows(["a", "b"], ["c", "d"]), "meta": line()}),
    answers("flags", "line", asking(left="flags"), {"data": rows([True, False]), "meta": line()}),
    answers(
        "no numbers",
        "line",
        asking(TENSOR, left="nan"),
        odd(float("nan"), float("inf"), float("-inf"), 5.0),
        as_grpc(odd("NaN", "Infinity", "-Infinity", 5.0)),
    ),
    answers(
        "three dimensions",
        "line",
        asking(left="cube"),
        {"data": rows([[0.0, 10.0], [20.0, 30.0]], [[40.0, 50.0], [60.0, 70.0]]), "meta": line()},
    ),
    answers("an empty list", "line", asking(left="empty"), {"data": rows(names=()), "meta": line()}),
    answers("a string", "line", asking(left="string"), {"strData": TEXT, "meta": line()}),
    answers("bytes", "line", asking(left="bytes"), {"binData": "AP8=", "meta": line()}),
    answers(
        "a dict",
        "line",
        asking(left="dict"),
        {"jsonData": {"deep": [1, None, {"er": True}], "text": "ü"}, "meta": line()},
    ),
    answers(
        "tags and metrics of one answer",
        "line",
        asking(left="extra"),
        {
            "data": rows([20.0, 30.0], [45.0, 50.0]),
            "meta": line(
                metrics=[{"key": "thinking", "type": "TIMER", "value": 12.5}],
                who="left now",
                extra=[1, {"two": None}],
            ),
        },
    ),
]

META = [
    answers(
        "what the caller's meta says is kept",
        "line",
        {
            **ARRAY,
            "meta": {
                "puid": "own",
                "tags": {"mine": {"deep": [1, "two"]}, "who": "me"},
                "requestPath": {"edge": "proxy:3"},
                "metrics": [{"key": "k", "type": "TIMER", "value": 1.5, "tags": {"x": "y"}}],
            },
        },
        {
            "data": rows([40.0, 60.0], [90.0, 100.0]),
            "meta": {
                "puid": "own",
                "tags": {"mine": {"deep": [1, "two"]}, "prepared": True, "left": "done", "who": "left"},
                "requestPath": {"edge": "proxy:3", **path("prepare", "left", "finish")},
                "metrics": [{"key": "k", "type": "TIMER", "value": 1.5, "tags": {"x": "y"}}, PREPARED, LEFT],
                "routing": {"finish": -1, "prepare": -1, "choose": 0, "left": -1},
            },
        },
    ),
    answers(
        "a transformer gets the caller's names",
        "line",
        asking(prepare="text"),
        {"strData": "2 columns", "meta": line(prepare="text")},
    ),
    answers(
        "a model gets no names of the caller, and the path so far",
        "line",
        asking(left="path"),
        {"jsonData": {"names": ["t:0", "t:1"], "path": path("prepare")}, "meta": line()},
    ),
    answers(
        "an output transformer gets the model's names",
        "line",
        asking(finish="names"),
        {"jsonData": {"names": ["low", "high"]}, "meta": line(finish="names")},
    ),
    answers(
        "a combiner merges",
        "fan",
        {**ARRAY, "meta": {"puid": "own", "tags": {"mine": 1}}},
        {
            "data": rows([5.0, 10.0], [17.5, 20.0], names=("t:0", "t:1")),
            "meta": {"puid": "own", **fan(mine=1)},
        },
    ),
]

WAYS = [
    answers(
        "the second branch",
        "line",
        asking(choose=1),
        {"data": rows([60.0, 90.0], [135.0, 150.0]), "meta": line("right", choose=1)},
    ),
    answers(
        "all branches, of which the first answers",
        "line",
        asking(choose=-1),
        {
            "data": rows([40.0, 60.0], [90.0, 100.0]),
            "meta": line("left", {"finish": -1, "prepare": -1, "choose": -1, "left": -1, "right": -1}, choose=-1),
        },
    ),
    answers(
        "no branch",
        "line",
        asking(choose=-2),
        {
            "data": rows([20.0, 30.0], [45.0, 50.0]),
            "meta": line("prepare", {"finish": -1, "prepare": -1, "choose": -2}, choose=-2),
        },
    ),
    lost("a branch that is not there", "line", asking(choose=7), "chose child 7 of 2"),
    lost("a branch below -2", "line", asking(choose=-3), "chose child -3 of 2"),
    answers(
        "the sum of two models",
        "fan",
        TENSOR,
        {
            "data": {"names": ["t:0", "t:1"], "tensor": {"shape": [1, 2], "values": [5.0, 10.0]}},
            "meta": fan(),
        },
    ),
    answers("texts joined", "fan", {"strData": "hm"}, {"strData": "hm + hm", "meta": fan()}),
    answers(
        "a text and an array joined",
        "fan",
        asking(left="string"),
        {"strData": f"{TEXT} + [[ 3.   6. ]\n [10.5 12. ]]", "meta": fan(left="string")},
    ),
    answers(
        "AVERAGE_COMBINER below SIMPLE_ROUTER",
        "mean",
        ARRAY,
        {
            "data": rows([3.5, 6.0], [9.75, 11.0], names=("low", "high")),
            "meta": {
                "tags": {"prepared": True, "left": "done", "right": "done", "who": "right"},
                "metrics": [PREPARED, LEFT, RIGHT],
                "requestPath": path("prepare", "left", "right"),
            },
        },
    ),
    answers(
        "methods instead of a type, and a raw model below a model",
        "chain",
        ARRAY,
        {
            "data": rows([0.0, 4.0], [10.0, 12.0], names=("t:0", "t:1")),
            "meta": {
                "tags": {"pass": 1, "left": "done", "who": "left"},
                "requestPath": path("pass", "left"),
                "metrics": [SEEN],
            },
        },
    ),
    answers(
        "a raw answer without meta",
        "chain",
        asking(whole="bare"),
        {"strData": "no meta", "meta": {"tags": {"pass": 1}, "requestPath": path("pass")}},
    ),
]

ERRORS = [
    fails("a model raises", "line", asking(left="raise"), "left is out of order"),
    fails(
        "a model raises a TypeError",
        "line",
        asking(left="type error"),
        "object of type 'int' has no len()",
        original=False,  # it calls the method again, without meta
    ),
    fails("a model refuses", "line", asking(left="refuse"), "left is a teapot", 418, "TEAPOT", own_words=True),
    fails(
        "a model returns nothing",
        "line",
        asking(left="nothing"),
        "Unknown data type returned as payload (must be list or np array):None",
        400,
        BAD_DATA,
        over_grpc='can only concatenate str (not "NoneType") to str',
    ),
    fails(
        "a metric without a value",
        "line",
        asking(left="bad metric"),
        'Bad metric created during request: [{"type": "GAUGE", "key": "no_value"}]',
        500,
        "MICROSERVICE_BAD_METRIC",
        own_words=True,
    ),
    fails("a transformer raises", "line", asking(prepare="raise"), "prepare is out of order"),
    fails("an output transformer raises", "line", asking(finish="raise"), "finish is out of order"),
    fails(
        "one of all branches fails",
        "line",
        asking(choose=-1, right="refuse"),
        "right is a teapot",
        418,
        "TEAPOT",
        own_words=True,
    ),
    fails("the first of two failures counts", "fan", asking(left="raise", right="refuse"), "left is out of order"),
    fails(
        "arrays that do not fit",
        "fan",
        asking(left="list"),
        "operands could not be broadcast together with shapes (3,) (2,2) ",
    ),
    fails("a combiner refuses", "fan", asking(left="bytes"), "mix takes no bytes", 422, "NO_BYTES", own_words=True),
    fails(
        "AVERAGE_COMBINER of texts",
        "mean",
        {"strData": "x"},
        "AVERAGE_COMBINER: every child must answer with numbers",
        400,
        BAD_DATA,
    ),
    fails(
        "AVERAGE_COMBINER of arrays that do not fit",
        "mean",
        asking(left="list"),
        "AVERAGE_COMBINER: the children answered with arrays of different shapes: [(2, 2), (3,)]",
        400,
        BAD_DATA,
    ),
    fails("a raw model raises", "chain", asking(whole="raise"), "whole is out of order"),
    Case(
        "a raw model chooses its status, which gRPC has not",
        "chain",
        PREDICTIONS,
        asking(whole="busy"),
        (
            503,
            {"status": {"code": 503, "info": "whole is busy", "reason": "BUSY", "status": 1}, "strData": "no"},
        ),
        ("Predict", asking(whole="busy")),
        ("OK", as_grpc({"strData": "no", "meta": {"tags": {"pass": 1}, "requestPath": path("pass")}})),
    ),
]

JUDGED: Document = {"data": {"names": ["a"], "ndarray": [[1.0, 2.0]]}}
TRUTH: Document = {"data": {"tensor": {"shape": [1], "values": [3]}}}


def mixed(reward: float, truth: list[float]) -> Document:
    return {
        "jsonData": {"reward": reward, "truth": truth, "routing": None},
        "meta": {"tags": {"mixed": 2.0}, "requestPath": path("mix")},
    }


ONE_WAY: Document = {"request": JUDGED, "response": {"meta": {"routing": {"choose": 1}}}, "reward": 0.5}
NO_WAY: Document = {"request": JUDGED, "response": {"meta": {"routing": {"choose": -2}}}, "reward": 0.25}
WRONG_WAY: Document = {"response": {"meta": {"routing": {"choose": 9}}}}

REWARDS = [
    told("feedback comes back from a root that is not asked", "line", ONE_WAY, ONE_WAY, {}),
    told("feedback that no child hears", "line", NO_WAY, NO_WAY, {}),
    told(
        "feedback for all children", "mean", {"request": JUDGED, "reward": 2.5}, {"request": JUDGED, "reward": 2.5}, {}
    ),
    told("a root with the method", "fan", {"request": JUDGED, "reward": 1.0, "truth": TRUTH}, mixed(1.0, [3.0])),
    told("feedback for a text", "fan", {"request": {"strData": "x"}}, mixed(0.0, [])),
    told("feedback that is empty", "fan", {}, mixed(0.0, [])),
    told(
        "raw feedback",
        "chain",
        {"request": JUDGED, "reward": 2.5},
        {"strData": "['a'] 2.5", "meta": {"tags": {"pass": 1.0}, "requestPath": path("pass")}},
    ),
    Case(
        "feedback for a child that is not there",
        "line",
        FEEDBACK,
        WRONG_WAY,
        (500, executor_error("chose child 9 of 2")),
        ("SendFeedback", WRONG_WAY),
        ("INTERNAL", "chose child 9 of 2"),
    ),
]


def model(name: str) -> Document:
    return {"name": f"talk/{name}", "versions": ["1.2"], "inputs": [], "outputs": []}


def bare(name: str) -> Document:
    return {"name": f"talk/{name}", "versions": ["1.2"]}


def described(number: float) -> Document:
    """The metadata of `prepare`; over gRPC the numbers of a schema are floats."""
    return {
        "name": "prepare-model",
        "versions": ["one", "two"],
        "platform": "talk",
        "inputs": [{"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [number]}}],
        "outputs": [{"messagetype": "tensor", "schema": {"shape": [number]}}],
        "custom": {"author": "nobody"},
    }


NODES = ("finish", "choose", "left", "right")
SHOWN = [
    shown(
        "metadata of a graph",
        "line",
        "/api/v1.0/metadata",
        {
            "name": "main",
            "models": {**{node: model(node) for node in NODES}, "prepare": described(2)},
            "graphinputs": described(2)["inputs"],
            "graphoutputs": [],
        },
        ("GraphMetadata", {}),
        {
            "name": "main",
            "models": {**{node: bare(node) for node in NODES}, "prepare": described(2.0)},
            "inputs": described(2.0)["inputs"],
        },
    ),
    shown(
        "metadata of a graph with built-in nodes",
        "mean",
        "/api/v1.0/metadata",
        {
            "name": "main",
            "models": {"left": model("left"), "right": model("right"), "prepare": described(2)},
            "graphinputs": described(2)["inputs"],
            "graphoutputs": [],
        },
        ("GraphMetadata", {}),
        {
            "name": "main",
            "models": {"left": bare("left"), "right": bare("right"), "prepare": described(2.0)},
            "inputs": described(2.0)["inputs"],
        },
    ),
    shown(
        "metadata that a class gives",
        "line",
        "/api/v1.0/metadata/prepare",
        described(2),
        ("ModelMetadata", {"name": "prepare"}),
        described(2.0),
    ),
    shown(
        "metadata of a class that gives none",
        "fan",
        "/api/v0.1/metadata/mix",
        {**model("mix"), "platform": "", "custom": {}},
        ("ModelMetadata", {"name": "mix"}),
        bare("mix"),
    ),
    shown(
        "a node's health",
        "line",
        "/api/v1.0/status/finish",
        {"strData": "healthy", "meta": {"requestPath": path("finish")}},
    ),
    Case(
        "metadata of a node that is not there",
        "line",
        "/api/v1.0/metadata/nobody",
        None,
        (500, executor_error("Failed to find model nobody")),
        ("ModelMetadata", {"name": "nobody"}),
        ("UNKNOWN", "Failed to find model nobody"),
    ),
    shown("health of the graph", "mean", "/api/v1.0/health/status", ""),
]

CASES = [*PAYLOADS, *RETURNED, *META, *WAYS, *ERRORS, *REWARDS, *SHOWN]
ROUTER_REFUSES = asking(choose="refuse")
ROUTER_ERROR = component_error("choose will not", "NO_CHOICE")


def of(graphs: Mapping[str, object] | set[str], original: bool = False) -> list[Case]:
    """The cases of some graphs; only those that Seldon's component server answers the same, if so wished."""
    return [case for case in CASES if case.graph in graphs and (case.original or not original)]
