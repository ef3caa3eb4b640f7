"""The SeldonDeployment as typed data: the one thing that graphs write and everything else reads."""

from servegraph.spec.deployment import (
    API_VERSION,
    ROUTING_INJECTION,
    ComponentSpec,
    Container,
    DeploymentSpec,
    EnvVar,
    Metadata,
    PodSpec,
    PredictorSpec,
    SeldonDeployment,
    SvcOrchSpec,
    split_image,
)
from servegraph.spec.manifest import dump, load, parse
from servegraph.spec.rules import check
from servegraph.spec.unit import Implementation, Parameter, ParameterType, PredictiveUnit, UnitMethod, UnitType

__all__ = [
    "API_VERSION",
    "ROUTING_INJECTION",
    "ComponentSpec",
    "Container",
    "DeploymentSpec",
    "EnvVar",
    "Implementation",
    "Metadata",
    "Parameter",
    "ParameterType",
    "PodSpec",
    "PredictiveUnit",
    "PredictorSpec",
    "SeldonDeployment",
    "SvcOrchSpec",
    "UnitMethod",
    "UnitType",
    "check",
    "dump",
    "load",
    "parse",
    "split_image",
]
