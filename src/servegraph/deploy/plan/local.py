"""What a change means for `servegraph run`: it reads a manifest once, so whatever it reads needs a restart."""

from collections.abc import Mapping
from typing import Any

from servegraph.deploy.plan.effects import changed
from servegraph.spec import PredictiveUnit, PredictorSpec, SeldonDeployment
from servegraph.spec.annotations import GRPC_MAX_MESSAGE_SIZE, GRPC_TIMEOUT, REST_TIMEOUT
from servegraph.spec.servers import protocol_name

_READ = (REST_TIMEOUT, GRPC_TIMEOUT, GRPC_MAX_MESSAGE_SIZE, "version")
_CLASS = "MODEL_NAME"


def restart_reasons(old: SeldonDeployment, new: SeldonDeployment) -> tuple[str, ...]:
    """What of a change a local server would have to read anew; nothing when it need not be restarted."""
    return changed(_view(old), _view(new))


def _view(deployment: SeldonDeployment) -> dict[str, Any]:
    spec = deployment.spec
    several = len(spec.predictors) > 1
    said: dict[str, Any] = {
        "name": deployment.name,
        "namespace": deployment.namespace,
        "protocol": protocol_name(spec.protocol),
        "predictors": [predictor.name for predictor in spec.predictors],
    }
    for predictor in spec.predictors:
        said |= _predictor(predictor, f" of predictor {predictor.name}" if several else "", spec.annotations)
        if several:
            said[f"traffic of predictor {predictor.name}"] = (predictor.traffic or 0, predictor.shadow)
    return said


def _predictor(predictor: PredictorSpec, whose: str, annotations: Mapping[str, str]) -> dict[str, Any]:
    both = {**annotations, **predictor.annotations}
    said: dict[str, Any] = {f"annotation {key}{whose}": both[key] for key in _READ if key in both}
    said[f"svcOrchSpec.env{whose}"] = [item.as_json() for item in predictor.svc_orch_spec.env]
    for unit in predictor.graph.walk():
        said[f"node {unit.name}{whose}"] = _node(unit, predictor)
    return said


def _node(unit: PredictiveUnit, predictor: PredictorSpec) -> dict[str, Any]:
    """What is read of a node: its unit, the environment of its class, the image where only that says which class."""
    document = unit.as_json() | {
        "children": [child.name for child in unit.children],
        "type": str(unit.effective_type),
    }
    container = predictor.container(unit.name)
    if container is None:
        return document
    environment = container.environment()
    says_class = _CLASS in environment or unit.is_server
    return document | {"env": environment, "image": "" if says_class else container.image}
