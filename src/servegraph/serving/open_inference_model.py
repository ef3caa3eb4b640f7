"""A graph as one model of the Open Inference protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from servegraph import __version__
from servegraph.engine import Backend
from servegraph.engine.context import Context
from servegraph.engine.puid import is_puid
from servegraph.errors import UnknownModel
from servegraph.payload.envelope import Envelope, Transport
from servegraph.payload.open_inference import (
    InferMessage,
    InferRequest,
    InferResponse,
    from_message,
    from_outputs,
    to_message,
)
from servegraph.payload.open_inference.bridge import DEFAULT_OUTPUT
from servegraph.payload.seldon import MESSAGE

VERSION = "1"
SERVER = {"name": "servegraph", "version": __version__, "extensions": ["binary_tensor_data"]}


@dataclass(frozen=True, slots=True)
class InferenceModel:
    """What callers may call the graph, and what goes in and comes out.

    Attributes:
        name: the deployment's.
        aliases: the predictor's and the nodes' names, which mean the whole graph, too.
        inputs, outputs: tensor metadata: `name`, `datatype`, `shape` (-1 for any number of rows).
        choices: outputs that a caller may ask for by name; the graph's one node is told which.
    """

    name: str
    aliases: frozenset[str]
    inputs: Sequence[dict[str, Any]] = ()
    outputs: Sequence[dict[str, Any]] = ()
    choices: frozenset[str] = frozenset()

    def check(self, name: str, version: str = "") -> None:
        """Raise UnknownModel unless a caller may call the graph so."""
        if name != self.name and name not in self.aliases:
            raise UnknownModel(f"there is no model {name!r}", hint=f"the model's name is {self.name!r}")
        if version not in ("", VERSION):
            raise UnknownModel(f"model {name!r} has no version {version!r}", hint=f"it has version {VERSION}")

    def chosen(self, request: InferRequest) -> list[str]:
        """The outputs that a request names, if these can be chosen; nothing otherwise."""
        names = [output.name for output in request.outputs]
        return names if self.choices.issuperset(names) else []

    def metadata(self) -> dict[str, Any]:
        """The metadata document."""
        outputs = list(self.outputs) or [{"name": DEFAULT_OUTPUT, "datatype": "FP64", "shape": [-1]}]
        return {
            "name": self.name,
            "versions": [VERSION],
            "platform": "servegraph",
            "inputs": list(self.inputs),
            "outputs": outputs,
        }


async def infer(
    engine: Backend, model: InferenceModel, request: InferRequest, transport: Transport, context: Context
) -> InferResponse:
    """The graph's response; the request's `id` names the prediction, if it can.

    Raises:
        PayloadError: the caller's mistake.
        UnitError: a component's.
    """
    message = to_message(request)
    if not is_puid(message.meta.puid):
        message.meta.puid = ""
    # A component may do with its array as it likes; what came in belongs to the request.
    own = _own(message.value)
    given = InferMessage(message.kind, own, message.names, message.meta, origin=message.origin, decoded=own)
    wanted = model.chosen(request)
    if wanted:
        given.meta.sent = {"puid": given.meta.puid, "outputs": wanted}
    answer = await engine.predict(Envelope(MESSAGE, transport, value=given), context)
    response = from_outputs(answer.value(), request, wanted) if wanted else from_message(answer.value(), request)
    response.model_version = response.model_version or VERSION
    return response


def _own(value: Any) -> Any:
    return value if not isinstance(value, np.ndarray) or value.flags.writeable else value.copy()
