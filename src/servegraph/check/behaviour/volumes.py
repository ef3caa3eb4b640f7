"""SG398: what containers mount, and what there is to mount."""

from collections.abc import Iterator

from servegraph.check.behaviour.free_values import extra, mapping
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject

_ADDED = ("podinfo", "seldon-podinfo", "seldon-cert-volume", "kfserving-pvc-source")  # by the operator
_DOWNLOADED = "-provision-location"


@rule("SG398", Level.ERROR, "A mount of a volume that does not exist", cluster_only=True)
def mounts(subject: Subject) -> Iterator[Found]:
    """A container mounts a volume by its name, and the pod has none of that name. The operator adds some of its own,
    for the pod's annotations, certificates and artifacts. Kubernetes refuses the Deployment, and the state becomes
    Failed."""
    for container in subject.containers:
        volumes = extra(container.pod.spec.spec, "volumes")
        known = {mapping(volume).get("name") for volume in volumes} if isinstance(volumes, list) else set()
        said = extra(container.spec, "volumeMounts")
        for index, mount in enumerate(said if isinstance(said, list) else ()):
            name = mapping(mount).get("name")
            if isinstance(name, str) and name not in known and name not in _ADDED and not name.endswith(_DOWNLOADED):
                message = f"container {container.spec.name!r} mounts {name!r}, and its pod has no such volume"
                yield Found((*container.place, "volumeMounts", index, "name"), message, "add it to the pod's volumes")


RULES = (mounts,)
