"""What is measured."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from harness import others, ours, seldon
from harness.contender import Contender
from harness.fitted import Fitted, Question
from harness.forms import seldon_rest
from harness.scenario import PACED, Load, Scenario
from harness.venv import Venv

_REST, _GRPC, _BINARY = "rest", "grpc", "v2 binary"
_MANY = 3
_PAYLOADS = ("ndarray", "tensor", "tftensor", _GRPC, "v2 json", _BINARY)


def scenarios(rivals: Path) -> list[Scenario]:
    """All of them; `rivals` is the folder of the rivals' virtual environment."""
    return [_bar(Venv(rivals)), _off(Venv(rivals)), _workers(), _watched(), _large(), _many_rows(), _wide_rows()]


def _bar(venv: Venv) -> Scenario:
    contenders = [
        ours.fused(),
        ours.split(),
        others.by_hand(),
        others.fastapi(venv, "sklearn"),
        others.fastapi(venv, "onnx"),
        others.mlserver(venv, batching=False),
        others.mlserver(venv, batching=True),
        seldon.chain(),
        others.grpc_echo(),
    ]
    baseline = {_REST: "by-hand", _GRPC: "grpc-echo"}
    title = "One row: scaler, A/B test, logistic regression or forest; a core for the server, one for the load"
    return Scenario("bar", title, contenders, _loads((_REST, _GRPC, _BINARY), (1, 16, 64)), baseline)


def _off(venv: Venv) -> Scenario:
    contenders = [ours.not_accelerated(), others.fastapi(venv, "sklearn")]
    title = "The same without acceleration: scikit-learn computes"
    return Scenario("off", title, contenders, _loads((_REST,), (1, 16)), {_REST: "fastapi-sklearn"}, repeats=_MANY)


def _workers() -> Scenario:
    title = "Workers, on all cores together with the load"
    contenders = [ours.workers(1), ours.one_core(), ours.workers(2)]
    loads = _loads((_REST,), (16, 64))
    return Scenario("workers", title, contenders, loads, {_REST: "us-1"}, is_pinned=False, repeats=_MANY)


def _watched() -> Scenario:
    title = "Drift monitor and request log on and off, on all cores together with the load"
    contenders = [ours.unwatched(), ours.watched()]
    loads = [*_loads((_REST,), (1, 16)), PACED]
    baseline = {_REST: "us-unwatched"}
    return Scenario("watched", title, contenders, loads, baseline, is_pinned=False, repeats=_MANY, shows_losses=True)


def _large() -> Scenario:
    title = "Single rows while another client sends 10 MB at a time"
    contenders = [ours.fused(), ours.beside_large()]
    return Scenario("large", title, contenders, _loads((_REST,), (1, 16)), {_REST: "us"})


def _many_rows() -> Scenario:
    title = "1,000 rows of 30 features in a request"
    contenders = [ours.payloads("bar"), others.by_hand(seldon_rest("/", name="ndarray"))]
    return _payloads("rows", title, contenders, partial(Fitted.many_rows, count=1000))


def _wide_rows() -> Scenario:
    title = "100 rows of 3,000 features in a request: scaler, logistic regression"
    return _payloads("wide", title, [ours.payloads("wide")], partial(Fitted.wide_rows, count=100))


def _payloads(
    key: str, title: str, contenders: Sequence[Contender], questions: Callable[[Fitted], Sequence[Question]]
) -> Scenario:
    baseline = {"ndarray": "by-hand"}
    loads = [*_loads(_PAYLOADS, (1,)), *_loads(_PAYLOADS, (4,))]  # what several took would still be held afterwards
    return Scenario(key, title, contenders, loads, baseline, questions, is_brief=True, shows_memory=True)


def _loads(forms: Sequence[str], connections: Sequence[int]) -> list[Load]:
    return [Load(form, count) for form in forms for count in connections]
