"""The SeldonDeployment as typed data: the one thing that graphs write and everything else reads."""

from servegraph.spec.deployment import API_VERSION, DeploymentSpec, Metadata, SeldonDeployment
from servegraph.spec.explainer import Explainer
from servegraph.spec.manifest import dump, load, load_all, parse
from servegraph.spec.pod import ComponentSpec, Container, EnvVar, HpaSpec, KedaSpec, PdbSpec, PodMetadata, PodSpec
from servegraph.spec.predictor import ROUTING_INJECTION, PredictorSpec, SvcOrchSpec, split_image
from servegraph.spec.unit import Implementation, Parameter, ParameterType, PredictiveUnit, UnitMethod, UnitType

__all__ = [
    "API_VERSION",
    "ROUTING_INJECTION",
    "ComponentSpec",
    "Container",
    "DeploymentSpec",
    "EnvVar",
    "Explainer",
    "HpaSpec",
    "Implementation",
    "KedaSpec",
    "Metadata",
    "Parameter",
    "ParameterType",
    "PdbSpec",
    "PodMetadata",
    "PodSpec",
    "PredictiveUnit",
    "PredictorSpec",
    "SeldonDeployment",
    "SvcOrchSpec",
    "UnitMethod",
    "UnitType",
    "dump",
    "load",
    "load_all",
    "parse",
    "split_image",
]
