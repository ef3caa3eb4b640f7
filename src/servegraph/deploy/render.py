"""A deployment as the manifest that goes to Kubernetes: aliases pinned to versions, then text."""

from collections.abc import Callable

from servegraph.check import check_shippable
from servegraph.spec import SeldonDeployment, dump

HEADER = "# Written by `servegraph render`; change the graph and render again.\n"


def pin(deployment: SeldonDeployment, resolve: Callable[[str], str]) -> SeldonDeployment:
    """A copy whose `modelUri`s name fixed versions; `resolve` maps each MLflow URI to its pinned form.

    Other URIs (s3://, pvc://, ...) stay as they are.
    """
    pinned = deployment.model_copy(deep=True)
    for predictor in pinned.spec.predictors:
        for unit in predictor.graph.walk():
            if unit.model_uri and unit.model_uri.startswith("models:/"):
                unit.model_uri = resolve(unit.model_uri)
    check_shippable(pinned)
    return pinned


def text(deployment: SeldonDeployment) -> str:
    """The manifest's YAML."""
    return HEADER + dump(deployment)
