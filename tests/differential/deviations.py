"""Where we mean to differ from the original: each with its reason and with a request that shows it.

A difference that no entry allows fails a test, and so does an entry whose request makes no difference.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.differential.asking import Answer, Rest, Rpc
from tests.differential.pair import Pair


@dataclass(frozen=True)
class Deviation:
    """A difference that is meant.

    Attributes:
        reason: why.
        allows: whether it explains (the original's answer, ours) to a request.
        shown_by: the class and a request to it that differ by it.
    """

    reason: str
    allows: Callable[[Rest | Rpc, Answer, Answer], bool]
    shown_by: tuple[str, Rest | Rpc]


DEVIATIONS: list[Deviation] = [
    Deviation(
        "a body without a JSON content type is 400, as before Flask 3, which raises a 415 of its own",
        lambda request, original, ours: (
            original.status == 500
            and original.info.startswith("415 Unsupported Media Type")
            and (ours.status, ours.info, ours.reason) == (400, "Can't find JSON in data", "MICROSERVICE_BAD_DATA")
        ),
        ("chameleon", Rest("/predict", b"{}", "text/plain")),
    ),
]


def allowed(request: Rest | Rpc, original: Answer, ours: Answer) -> bool:
    return any(each.allows(request, original, ours) for each in DEVIATIONS)


def check(pair: Pair, request: Rest | Rpc) -> None:
    """Ask both; fail with both answers when they differ in a way that is not meant."""
    original, ours = pair.ask(request)
    assert original.exact == ours.exact or allowed(request, original, ours), (
        f"\nrequest:  {request}\noriginal: {original.exact}\nours:     {ours.exact}"
    )
