"""A predictor: one graph with its pods, replicas and share of the traffic.

Source:
    SeldonDeployment CRD, `spec.predictors[]`.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import Field, StrictBool

from servegraph.spec.explainer import Explainer
from servegraph.spec.pod import ComponentSpec, Container, EnvVar
from servegraph.spec.resource import Integer, Resource, StringMap
from servegraph.spec.unit import PredictiveUnit

ROUTING_INJECTION = "SELDON_ENABLE_ROUTING_INJECTION"


class SvcOrchSpec(Resource):
    """Settings of the service orchestrator; `replicas` counts where it has a pod of its own."""

    resources: dict[str, Any] = Field(default_factory=dict)
    env: list[EnvVar] = Field(default_factory=list)
    replicas: Integer | None = None


class Ssl(Resource):
    cert_secret_name: str = ""


class PredictorSpec(Resource):
    """One graph.

    Attributes:
        traffic: percent of the requests; of a shadow, percent of those that it gets a copy of.
        engine_resources: a field of old that nothing reads any more.
    """

    name: str
    graph: PredictiveUnit
    component_specs: list[ComponentSpec] | None = None
    replicas: Integer | None = None
    traffic: Integer | None = None
    shadow: StrictBool = False
    annotations: StringMap = Field(default_factory=dict)
    labels: StringMap = Field(default_factory=dict)
    explainer: Explainer | None = None
    svc_orch_spec: SvcOrchSpec = Field(default_factory=SvcOrchSpec)
    engine_resources: dict[str, Any] | None = None
    ssl: Ssl | None = None
    progress_deadline_seconds: Integer | None = None

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

    @property
    def has_explainer(self) -> bool:
        """Whether there is an explainer to run; one without a type counts as absent."""
        return self.explainer is not None and self.explainer.type != ""


def split_image(image: str) -> tuple[str, str]:
    """The name and the tag or digest of a container image; a registry's port is part of the name."""
    name, _, digest = image.partition("@")
    if digest:
        return name, digest
    head, colon, tag = image.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (image, "")
