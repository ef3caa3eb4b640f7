"""The prepackaged servers: which image the operator takes for which protocol, and which parameters each reads.

Source:
    The operator's configuration as Seldon Core 1.18.2 installs it. A pair that is missing here is admitted all the
    same; the image comes out empty, and the Deployment is refused. An operator can be configured with more servers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SELDON, V2, TENSORFLOW = "seldon", "v2", "tensorflow"


@dataclass(frozen=True, slots=True)
class PrepackagedServer:
    """One implementation.

    Attributes:
        images: its image by protocol: seldon, v2 or tensorflow.
        parameters: by protocol the parameters of a node that it reads; None where it may be any.
        needs_model: whether it is refused without a modelUri.
    """

    images: Mapping[str, str]
    parameters: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    needs_model: bool = True


_CONTROL = frozenset(("model_control_mode", "load_model", "strict_model_config"))
_PROXY = frozenset(("rest_endpoint", "grpc_endpoint", "model_name", "signature_name", "model_input", "model_output"))

PREPACKAGED: Mapping[str, PrepackagedServer] = MappingProxyType(
    {
        "SKLEARN_SERVER": PrepackagedServer(
            {SELDON: "seldonio/sklearnserver:1.18.2", V2: "seldonio/mlserver:1.3.5-sklearn"},
            {SELDON: frozenset(("method",))},
        ),
        "XGBOOST_SERVER": PrepackagedServer(
            {SELDON: "seldonio/xgboostserver:1.18.2", V2: "seldonio/mlserver:1.3.5-xgboost"}
        ),
        "MLFLOW_SERVER": PrepackagedServer(
            {SELDON: "seldonio/mlflowserver:1.18.2", V2: "seldonio/mlserver:1.3.5-mlflow"},
            {SELDON: frozenset(("xtype",))},
        ),
        "TENSORFLOW_SERVER": PrepackagedServer(
            {SELDON: "seldonio/tfserving-proxy:1.18.2", TENSORFLOW: "tensorflow/serving:2.1.0"},
            {SELDON: _PROXY},
        ),
        "TRITON_SERVER": PrepackagedServer({V2: "nvcr.io/nvidia/tritonserver:21.08-py3"}, {V2: _CONTROL}),
        "HUGGINGFACE_SERVER": PrepackagedServer(
            {V2: "seldonio/mlserver:1.3.5-huggingface"}, {V2: None}, needs_model=False
        ),
        "TEMPO_SERVER": PrepackagedServer({V2: "seldonio/mlserver:1.3.5-slim"}),
    }
)


def protocol_name(protocol: str) -> str:
    """One name for each protocol: nothing is seldon, and kfserving is v2."""
    return {"": SELDON, "kfserving": V2}.get(protocol, protocol)


def server_image(implementation: str, protocol: str) -> str | None:
    """The image for a prepackaged server; None where the operator has none."""
    server = PREPACKAGED.get(implementation)
    return server.images.get(protocol_name(protocol)) if server else None


def server_parameters(implementation: str, protocol: str) -> frozenset[str] | None:
    """The parameters that a server reads from its node; None when they are not known.

    A server of Seldon's own protocol ends at start over any other; those of the other protocols ignore them.
    """
    server = PREPACKAGED.get(implementation)
    return server.parameters.get(protocol_name(protocol), frozenset()) if server else None
