"""SeldonDeployment: the Kubernetes object, typed as far as this project looks into it.

PodSpecs stay plain mappings: modelling all of Kubernetes is not our business.

Source:
    SeldonDeployment CRD, `machinelearning.seldon.io/v1`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, StrictInt

from servegraph.spec.resource import Resource
from servegraph.spec.unit import PredictiveUnit

API_VERSION = "machinelearning.seldon.io/v1"


class Metadata(Resource):
    name: str
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class ComponentSpec(Resource):
    """A pod: its containers carry the components of the nodes of the same names."""

    spec: dict[str, Any] = Field(default_factory=dict)

    @property
    def containers(self) -> list[dict[str, Any]]:
        return self.spec.get("containers") or []


class PredictorSpec(Resource):
    """One graph with its pods, replicas and share of the traffic (percent)."""

    name: str
    graph: PredictiveUnit
    component_specs: list[ComponentSpec] | None = None
    replicas: StrictInt | None = None
    traffic: StrictInt | None = None
    shadow: bool = False
    annotations: dict[str, str] = Field(default_factory=dict)
    svc_orch_spec: dict[str, Any] = Field(default_factory=dict)

    def containers(self) -> Iterator[dict[str, Any]]:
        for pod in self.component_specs or []:
            yield from pod.containers

    def container(self, node: str) -> Mapping[str, Any]:
        """The container of a node, or an empty mapping."""
        return next((container for container in self.containers() if container.get("name") == node), {})

    @property
    def injects_routing(self) -> bool:
        """Whether answers carry `meta.routing`; any non-empty value of the variable means yes."""
        env = self.svc_orch_spec.get("env") or []
        return any(item.get("name") == ROUTING_INJECTION and item.get("value") for item in env)


ROUTING_INJECTION = "SELDON_ENABLE_ROUTING_INJECTION"


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """The literal environment variables of a container."""
    return {item["name"]: item["value"] for item in container.get("env") or [] if "value" in item}


def split_image(image: str) -> tuple[str, str]:
    """The name and the tag or digest of a container image; a registry's port is part of the name."""
    name, _, digest = image.partition("@")
    if digest:
        return name, digest
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, "")


class DeploymentSpec(Resource):
    predictors: list[PredictorSpec]
    annotations: dict[str, str] = Field(default_factory=dict)


class SeldonDeployment(Resource):
    """The whole object."""

    api_version: str = API_VERSION
    kind: str = "SeldonDeployment"
    metadata: Metadata
    spec: DeploymentSpec

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def namespace(self) -> str:
        return self.metadata.namespace or "default"
