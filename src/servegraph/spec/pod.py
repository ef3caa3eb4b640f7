"""The pods of a predictor, typed as far as this project looks into them.

PodSpecs stay mappings but for their containers: modelling all of Kubernetes is not our business.

Source:
    SeldonDeployment CRD, `spec.predictors[].componentSpecs[]`.
"""

from typing import Any

from pydantic import Field

from servegraph.spec.resource import Integer, Resource, StringMap


class EnvVar(Resource):
    """An environment variable; `value` is None when it comes from elsewhere (`valueFrom`)."""

    name: str
    value: str | None = None


class Container(Resource):
    """A container, as far as nodes are concerned: which image, and which class it runs."""

    name: str
    image: str = ""
    command: list[str] = Field(default_factory=list)
    args: list[str] = Field(default_factory=list)
    env: list[EnvVar] = Field(default_factory=list)
    ports: list[dict[str, Any]] = Field(default_factory=list)
    resources: dict[str, Any] = Field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The variables with a literal value."""
        return {item.name: item.value for item in self.env if item.value is not None}


class PodSpec(Resource):
    """Kubernetes' own, of which we read the containers."""

    containers: list[Container] = Field(default_factory=list)


class PodMetadata(Resource):
    """What of a pod's metadata has an effect."""

    name: str = ""
    labels: StringMap = Field(default_factory=dict)
    annotations: StringMap = Field(default_factory=dict)


class HpaSpec(Resource):
    """A HorizontalPodAutoscaler; `metrics` in the shapes of autoscaling/v2beta1, `metricsv2` in those of v2."""

    min_replicas: Integer | None = None
    max_replicas: Integer
    metrics: list[dict[str, Any]] = Field(default_factory=list)
    metricsv2: list[dict[str, Any]] = Field(default_factory=list)


class KedaSpec(Resource):
    """A ScaledObject of KEDA 2.7; it wins over an `hpaSpec` beside it."""

    polling_interval: Integer | None = None
    cooldown_period: Integer | None = None
    min_replica_count: Integer | None = None
    max_replica_count: Integer | None = None
    idle_replica_count: Integer | None = None
    advanced: dict[str, Any] | None = None
    fallback: dict[str, Any] | None = None
    triggers: list[dict[str, Any]]


class PdbSpec(Resource):
    """A PodDisruptionBudget: one of two, a number or a percentage."""

    min_available: Integer | str | None = None
    max_unavailable: Integer | str | None = None


class ComponentSpec(Resource):
    """A pod: its containers carry the components of the nodes of the same names."""

    metadata: PodMetadata = Field(default_factory=PodMetadata)
    spec: PodSpec = Field(default_factory=PodSpec)
    replicas: Integer | None = None
    hpa_spec: HpaSpec | None = None
    keda_spec: KedaSpec | None = None
    pdb_spec: PdbSpec | None = None
