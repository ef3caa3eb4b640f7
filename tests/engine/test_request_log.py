"""What the request log is shown of a node with a logger, and in which order."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.engine.units import Says, answer_to, answer_to_feedback, engine_of

from servegraph.engine import Context
from servegraph.errors import InvalidRoute
from servegraph.payload.envelope import Envelope


@dataclass
class Log:
    seen: list[str] = field(default_factory=list)
    has_time: bool = True

    def admits(self) -> bool:
        return self.has_time

    def request(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        self._note(f"{node}>", envelope, context)

    def response(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        self._note(f"{node}<", envelope, context)

    def feedback(self, node: str, envelope: Envelope[Any], context: Context) -> None:
        self._note(f"{node}!", envelope, context)

    def _note(self, what: str, envelope: Envelope[Any], context: Context) -> None:
        assert context.puid == "p"
        self.seen.append(what + envelope.text().body.decode())


def node(name: str, kind: str, *children: dict[str, Any], logged: bool = True, **more: Any) -> dict[str, Any]:
    logger = {"logger": {"mode": "all"}} if logged else {}
    return {"name": name, "type": kind, "children": list(children), **logger, **more}


def adds(letter: str) -> Says:
    return Says(lambda body: body + letter.encode())


async def test_what_is_not_admitted_is_answered_and_not_told():
    log = Log(has_time=False)
    units = {"t": adds("t"), "m": adds("m")}
    answer = await answer_to(engine_of(node("t", "TRANSFORMER", node("m", "MODEL")), units, log=log), b"-")
    assert (log.seen, answer) == ([], b"-tm")


async def test_requests_that_skip_logging_are_not_told():
    log = Log()
    engine = engine_of(node("t", "TRANSFORMER", node("m", "MODEL")), {"t": adds("t"), "m": adds("m")}, log=log)
    assert await answer_to(engine, b"-", Context("p", logged=False)) == b"-tm"
    assert log.seen == []


async def logged(graph: dict[str, Any], **units: Says) -> list[str]:
    log = Log()
    await answer_to(engine_of(graph, units, log=log), b"-")
    return log.seen


async def test_a_leaf_is_logged_around_its_call():
    assert await logged(node("m", "MODEL"), m=adds("m")) == ["m>-", "m<-m"]


async def test_a_node_without_a_logger_is_not():
    assert await logged(node("m", "MODEL", logged=False), m=adds("m")) == []


async def test_a_transformer_with_children_has_two_pairs():
    graph = node("t", "TRANSFORMER", node("m", "MODEL"))
    assert await logged(graph, t=adds("t"), m=adds("m")) == ["t>-", "t<-t", "t>-t", "m>-t", "m<-tm", "t<-tm"]


async def test_an_output_transformer_is_logged_around_its_children_then_around_its_call():
    graph = node("o", "OUTPUT_TRANSFORMER", node("m", "MODEL", logged=False))
    assert await logged(graph, o=adds("o"), m=adds("m")) == ["o>-", "o<-m", "o>-m", "o<-mo"]


async def test_the_request_of_a_combiner_is_what_its_children_were_given():
    graph = node("c", "COMBINER", node("a", "MODEL", logged=False), node("b", "MODEL", logged=False))
    assert await logged(graph, c=adds("c"), a=adds("a"), b=adds("b")) == ["c>-", "c>-", "c<-a+-bc", "c<-a+-bc"]


@pytest.mark.parametrize(("branch", "seen"), [(1, ["r>-", "b>-", "b<-b", "r<-b"]), (-2, ["r>-", "r<-"])])
async def test_a_router_is_logged_around_its_children_only(branch: int, seen: list[str]):
    graph = node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL"))
    assert await logged(graph, r=Says(branch=branch), a=adds("a"), b=adds("b")) == seen


async def test_after_an_error_there_is_no_response():
    log = Log()
    graph = node("t", "TRANSFORMER", node("r", "ROUTER", node("a", "MODEL")))
    engine = engine_of(graph, {"t": adds("t"), "r": Says(branch=7), "a": adds("a")}, log=log)
    with pytest.raises(InvalidRoute):
        await answer_to(engine, b"-")
    assert log.seen == ["t>-", "t<-t", "t>-t", "r>-t"]


async def test_feedback_is_logged_at_every_node_that_it_passes_before_its_children():
    log = Log()
    graph = node(
        "t",
        "TRANSFORMER",
        node("r", "ROUTER", node("a", "MODEL"), node("b", "MODEL")),
        node("c", "MODEL", logged=False),
    )
    body = b'{"response":{"meta":{"routing":{"t":0,"r":1}}},"reward":1}'
    parts = {name: Says(b"{}") for name in "trabc"}
    assert await answer_to_feedback(engine_of(graph, parts, log=log), body) == body
    assert log.seen == [f"{name}!{body.decode()}" for name in "trb"]
    assert [name for name, part in parts.items() if part.got] == ["r", "b"]
