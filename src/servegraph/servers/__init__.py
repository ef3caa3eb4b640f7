"""Seldon's prepackaged servers as plain components: SKLEARN_SERVER, XGBOOST_SERVER and MLFLOW_SERVER.

Each takes Seldon's parameters as constructor arguments, `model_uri` (a local folder), `project`
(the folder whose settings and `trusted.toml` say what may be loaded) and, for scikit-learn,
`protocol`. They run in a graph's process, under `servegraph component` and under the original
`seldon-core-microservice`.
"""

from collections.abc import Mapping
from types import MappingProxyType

SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "SKLEARN_SERVER": "servegraph.servers.sklearn_server:SKLearnServer",
        "XGBOOST_SERVER": "servegraph.servers.xgboost_server:XGBoostServer",
        "MLFLOW_SERVER": "servegraph.servers.mlflow_server:MLFlowServer",
    }
)
"""The class of each implementation."""

__all__ = ["SERVERS"]
