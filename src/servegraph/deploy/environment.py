"""What an environment says of the pods: `[tool.servegraph.env.<name>]` of a project's pyproject.toml.

A graph says what is served; an environment says where, how many of it, and with how much. Protocol, transport and
traffic change what callers see, so they are the graph's.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr
from pydantic import ValidationError as Invalid

from servegraph.errors import ConfigurationError
from servegraph.spec import HpaSpec, KedaSpec

Form = Literal["split", "fused"]


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Quantity = Annotated[
    str, BeforeValidator(_number_as_text), Field(pattern=r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[numkMGTPE])?$")
]
Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
DottedName = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$")]
Image = Annotated[StrictStr, Field(pattern=r"^[^\s]+$")]


def _without_credentials(uri: str) -> str:
    if "@" in uri.partition("://")[2].partition("/")[0]:
        raise ValueError("has a user or a password in it")
    return uri


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resources(_Table):
    requests: dict[StrictStr, Quantity] = Field(default_factory=dict)
    limits: dict[StrictStr, Quantity] = Field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class NodeTable(_Table):
    """What one container has for itself."""

    image: Image | None = None
    resources: Resources | None = None


class Environment(_Table):
    """An environment. A field's description says what it takes, in the hint of an error."""

    form: Form = Field("split", description='"split" (a container for each node) or "fused" (the graph in one)')
    namespace: Name | None = Field(None, description="a Kubernetes namespace")
    registry: Image | None = Field(None, description='what comes before image names, such as "registry.example.com/ml"')
    image: Image | None = Field(None, description='a whole image, best by digest: "name@sha256:..."')
    replicas: Annotated[StrictInt, Field(ge=0)] | None = Field(None, description="a number of pods")
    resources: Resources | None = Field(
        None, description='{requests = {cpu = "250m", memory = "256Mi"}, limits = {memory = "1Gi"}}'
    )
    nodes: dict[StrictStr, NodeTable] = Field(
        default_factory=dict, description="a table for a node, with image or resources"
    )
    hpa_spec: HpaSpec | None = Field(None, alias="hpaSpec", description="Seldon's hpaSpec: maxReplicas, metricsv2, ...")
    keda_spec: KedaSpec | None = Field(None, alias="kedaSpec", description="Seldon's kedaSpec: triggers, ...")
    annotations: dict[StrictStr, StrictStr] = Field(default_factory=dict, description="texts, also for true and 1")
    labels: dict[StrictStr, StrictStr] = Field(default_factory=dict, description="texts, also for true and 1")
    tracking_uri: Annotated[StrictStr, AfterValidator(_without_credentials)] | None = Field(
        None, description="the MLflow server as the pods reach it; with a password it belongs into envSecretRefName"
    )
    env_secret_ref_name: DottedName | None = Field(
        None, alias="envSecretRefName", description="a Secret with MLFLOW_TRACKING_URI and what else pods need to pull"
    )
    service_account_name: DottedName | None = Field(
        None, alias="serviceAccountName", description="the ServiceAccount of the pods"
    )

    @property
    def autoscaled(self) -> dict[str, Any]:
        """The autoscaler's part of a pod, if there is one."""
        specs = {"hpaSpec": self.hpa_spec, "kedaSpec": self.keda_spec}
        return {key: spec.as_json() for key, spec in specs.items() if spec is not None}


def read_environment(name: str, tables: Mapping[str, Mapping[str, Any]]) -> Environment:
    """The environment `name` of a project's tables.

    Raises:
        ConfigurationError: there is none of the name, or a key of it is wrong; names the key and what is allowed.
    """
    if name not in tables:
        known = ", ".join(sorted(tables)) or "none"
        hint = f"write a table [tool.servegraph.env.{name}] into pyproject.toml; there is now: {known}"
        raise ConfigurationError(f"there is no environment {name!r}", hint=hint)
    try:
        found = Environment.model_validate(tables[name])
    except Invalid as error:
        raise _refused(name, error) from error
    _refuse_both(name, tables[name], "hpaSpec", "kedaSpec", "one autoscaler can act; keep one")
    _refuse_both(name, tables[name], "image", "registry", "an image has its registry in it; keep one")
    secret = "put MLFLOW_TRACKING_URI into that Secret, since an init container gets one, and leave tracking_uri out"
    _refuse_both(name, tables[name], "tracking_uri", "envSecretRefName", secret)
    return found


def _refused(name: str, error: Invalid) -> ConfigurationError:
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    where = f"[tool.servegraph.env.{name}]"
    if first["type"] == "extra_forbidden" and len(path) == 1:
        known = ", ".join(field.alias or key for key, field in Environment.model_fields.items())
        return ConfigurationError(f"{where} has an unknown key: {path[0]}", hint=f"it knows: {known}")
    what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
    fields = {field.alias or key: field for key, field in Environment.model_fields.items()}
    return ConfigurationError(f"{where} {'.'.join(path)}: {what}", hint=f"{path[0]} is {fields[path[0]].description}")


def _refuse_both(name: str, table: Mapping[str, Any], one: str, other: str, hint: str) -> None:
    if one in table and other in table:
        raise ConfigurationError(f"[tool.servegraph.env.{name}] has both {one} and {other}", hint=hint)
