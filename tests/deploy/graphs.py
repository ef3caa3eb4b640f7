"""Deployments that the tests of this folder render."""

from typing import Any

from servegraph.graph import combiner, deployment, model, transformer
from servegraph.spec import SeldonDeployment

IMAGE = "shop/prices:1.4"


def prices(**changes: Any) -> SeldonDeployment:
    """A transformer before two models that are averaged; pinned, as render leaves it."""
    graph = transformer("clean", "steps.clean:Clean", artifact="models:/prices-clean/3", limit=9.5) >> combiner(
        "mean",
        "steps.mean:Mean",
        model("linear", "models.price:Price", artifact="models:/prices-linear/7"),
        model("forest", "models.price:Price", artifact="s3://shop/forest"),
    )
    return deployment("prices", graph, image=IMAGE, **changes)
