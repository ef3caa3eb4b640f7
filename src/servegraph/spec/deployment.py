"""SeldonDeployment: the Kubernetes object.

Source:
    SeldonDeployment CRD, `machinelearning.seldon.io`; v1, v1alpha2 and v1alpha3 have one schema.
"""

from pydantic import Field

from servegraph.spec.predictor import PredictorSpec
from servegraph.spec.resource import Integer, Resource, StringMap

API_GROUP = "machinelearning.seldon.io"
API_VERSION = f"{API_GROUP}/v1"
API_VERSIONS = (API_VERSION, f"{API_GROUP}/v1alpha2", f"{API_GROUP}/v1alpha3")


class Metadata(Resource):
    name: str
    namespace: str | None = None
    labels: StringMap = Field(default_factory=dict)
    annotations: StringMap = Field(default_factory=dict)


class DeploymentSpec(Resource):
    """The predictors, and what holds for all of them.

    Attributes:
        name: a field of old; objects are named after `metadata.name`.
        protocol: seldon (also when empty), tensorflow, v2 or kfserving, which is v2.
        transport: rest (also when empty) or grpc.
        server_type: rpc (also when empty) or kafka.
        replicas: for all predictors that do not say; what `kubectl scale` sets.
    """

    name: str | None = None
    predictors: list[PredictorSpec]
    annotations: StringMap = Field(default_factory=dict)
    protocol: str = ""
    transport: str = ""
    server_type: str = ""
    replicas: Integer | None = None
    oauth_key: str | None = Field(default=None, alias="oauth_key")
    oauth_secret: str | None = Field(default=None, alias="oauth_secret")


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
