"""Prepackaged servers get the image that a cluster would give them: answers and metrics name it.

Source:
    Seldon's operator: a server's container without an image, or without a container at all, gets the
    one that its configuration names for the server and the protocol.
"""

from servegraph.spec import ComponentSpec, Container, PredictorSpec
from servegraph.spec.servers import server_image


def with_server_images(predictor: PredictorSpec, protocol: str) -> PredictorSpec:
    """The predictor whose prepackaged servers all have containers with images, where the protocol has one."""
    missing = {
        unit.name: image
        for unit in predictor.graph.walk()
        if unit.is_server and not predictor.image(unit.name)
        if (image := server_image(str(unit.implementation), protocol))
    }
    if not missing:
        return predictor
    changed = predictor.model_copy(deep=True)
    for name, image in missing.items():
        container = changed.container(name)
        if container is None:
            changed.component_specs = changed.component_specs or [ComponentSpec()]
            changed.component_specs[0].spec.containers.append(Container(name=name, image=image))
        else:
            container.image = image
    return changed
