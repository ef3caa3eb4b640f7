"""A predictor's explainer: a process of its own that asks the predictor and explains the answer.

Source:
    SeldonDeployment CRD, `spec.predictors[].explainer`. With an empty type it counts as absent.
"""

from typing import Any

from pydantic import Field

from servegraph.spec.pod import Container
from servegraph.spec.resource import Integer, Resource, StringMap

EXPLAINER_TYPES = (
    "AnchorTabular",
    "AnchorImages",
    "AnchorText",
    "Counterfactuals",
    "Contrastive",
    "KernelShap",
    "IntegratedGradients",
    "ALE",
    "TreeShap",
)


class Explainer(Resource):
    type: str = ""
    model_uri: str | None = None
    service_account_name: str | None = None
    container_spec: Container | None = None
    config: StringMap = Field(default_factory=dict)
    endpoint: dict[str, Any] | None = None
    env_secret_ref_name: str | None = None
    storage_initializer_image: str | None = None
    replicas: Integer | None = None
    init_parameters: str | None = None
