"""SeldonDeployment: the Kubernetes object, typed as far as this project looks into it.

PodSpecs stay plain mappings: modelling all of Kubernetes is not our business.

Source:
    SeldonDeployment CRD, `machinelearning.seldon.io/v1`.
"""

from collections.abc import Iterator

from pydantic import Field, StrictInt

from servegraph.spec.resource import Resource
from servegraph.spec.unit import PredictiveUnit

API_VERSION = "machinelearning.seldon.io/v1"


class Metadata(Resource):
    name: str
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class EnvVar(Resource):
    """An environment variable; `value` is None when it comes from elsewhere (`valueFrom`)."""

    name: str
    value: str | None = None


class Container(Resource):
    """A container, as far as nodes are concerned: which image, and which class (`MODEL_NAME`)."""

    name: str
    image: str = ""
    env: list[EnvVar] = Field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The variables with a literal value."""
        return {item.name: item.value for item in self.env if item.value is not None}


class PodSpec(Resource):
    """Kubernetes' own, of which we read the containers."""

    containers: list[Container] = Field(default_factory=list)


class ComponentSpec(Resource):
    """A pod: its containers carry the components of the nodes of the same names."""

    spec: PodSpec = Field(default_factory=PodSpec)


class SvcOrchSpec(Resource):
    """Settings of the service orchestrator."""

    env: list[EnvVar] = Field(default_factory=list)


class PredictorSpec(Resource):
    """One graph with its pods, replicas and share of the traffic (percent)."""

    name: str
    graph: PredictiveUnit
    component_specs: list[ComponentSpec] | None = None
    replicas: StrictInt | None = None
    traffic: StrictInt | None = None
    shadow: bool = False
    annotations: dict[str, str] = Field(default_factory=dict)
    svc_orch_spec: SvcOrchSpec = Field(default_factory=SvcOrchSpec)

    def containers(self) -> Iterator[Container]:
        for pod in self.component_specs or []:
            yield from pod.spec.containers

    def container(self, node: str) -> Container | None:
        """The container of a node, if it has one."""
        return next((container for container in self.containers() if container.name == node), None)

    def image(self, node: str) -> str:
        """The image of a node's container; empty when it has none."""
        container = self.container(node)
        return container.image if container else ""

    @property
    def injects_routing(self) -> bool:
        """Whether answers carry `meta.routing`; any non-empty value of the variable means yes."""
        return any(item.name == ROUTING_INJECTION and item.value for item in self.svc_orch_spec.env)


ROUTING_INJECTION = "SELDON_ENABLE_ROUTING_INJECTION"


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
