"""SG370, SG371, SG373, SG375, SG378, SG379: resources, images, and what holds for a whole pod."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from servegraph.check.behaviour.free_values import extra, mapping, whole
from servegraph.check.edit import Replace
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import PlacedContainer, Subject
from servegraph.spec.predictor import split_image
from servegraph.spec.source import Place

GRACE_S = 15  # preStop of a node sleeps 10 s, the orchestrator finishes what it has in 15 s


@rule("SG370", Level.NOTE, "Containers without resources", cluster_only=True)
def resources(subject: Subject) -> Iterator[Found]:
    """A container that requests nothing is placed anywhere and is the first to be evicted when a machine runs out of
    memory; without a limit it can take the memory of its neighbours. The orchestrator has defaults of its own, the
    nodes have none."""
    bare = [container for container in subject.containers if not container.spec.resources]
    if bare:
        names = ", ".join(dict.fromkeys(repr(container.spec.name) for container in bare))
        message = f"no resources are requested for {names}"
        yield Found(bare[0].place, message, "set resources.requests, and a limit of memory")


@rule("SG371", Level.ERROR, "A request above its limit", cluster_only=True)
def limits(subject: Subject) -> Iterator[Found]:
    """Kubernetes refuses a pod that requests more of something than its limit allows. The schema compares nothing, so
    this shows only when the Deployment is made: the state becomes Failed."""
    for container in subject.containers:
        yield from _above(container.place, container.spec.name, container.spec.resources)
    for predictor in subject.predictors:
        place = (*predictor.place, "svcOrchSpec")
        yield from _above(place, "the orchestrator", predictor.spec.svc_orch_spec.resources)


def _above(place: Place, who: str, said: dict[str, Any]) -> Iterator[Found]:
    wanted, most = mapping(said.get("requests")), mapping(said.get("limits"))
    for key, value in wanted.items():
        request, limit = _quantity(value), _quantity(most.get(key))
        if request is not None and limit is not None and request > limit:
            message = f"{who} requests {value} {key}, above the limit of {most[key]}"
            yield Found((*place, "resources", "requests", key), message, "raise the limit or request less")


_QUANTITY = re.compile(r"([+-]?[0-9.]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,3})?")
_SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18} | {
    f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)
}


def _quantity(value: Any) -> Decimal | None:
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, str | int | float) else None
    if found is None:
        return None
    number, suffix = found[1], found[2] or ""
    try:
        if suffix == "m":
            return Decimal(number) / 1000
        return Decimal(number) * _SUFFIXES[suffix] if suffix in _SUFFIXES else Decimal(number + suffix)
    except InvalidOperation:
        return None


@rule("SG373", Level.WARNING, "An image that can change", cluster_only=True)
def image_tags(subject: Subject) -> Iterator[Found]:
    """An image without a tag, or with the tag `latest`, is whatever was pushed last when a machine pulled it: two
    replicas can run two versions, going back to the manifest of yesterday changes nothing, and as the operator sets
    imagePullPolicy to IfNotPresent a machine that has an old one keeps it."""
    for container in subject.containers:
        image = container.spec.image
        _, tag = split_image(image)
        if image and tag in ("", "latest") and "$" not in image:
            why = "has the tag latest" if tag else "has no tag"
            message = f"the image {image} of container {container.spec.name!r} {why}"
            yield Found((*container.place, "image"), message, "pin a version or a digest")


@rule("SG375", Level.ERROR, "A container without an image", cluster_only=True)
def missing_images(subject: Subject) -> Iterator[Found]:
    """The operator fills in an image only for the container of a prepackaged server. Any other container needs one; the
    schema does not ask for it, but Kubernetes refuses the Deployment, and the state becomes Failed."""
    for predictor in subject.predictors:
        servers = {node.unit.name for node in predictor.nodes if node.unit.is_server}
        for container in predictor.containers:
            name = container.spec.name
            if not container.spec.image and name not in servers and name != "tfserving":
                message = f"container {name!r} has no image, and no prepackaged server to bring one"
                yield Found(container.place, message, "give it an image")


@rule("SG378", Level.WARNING, "Pods that end before their requests", cluster_only=True)
def grace_periods(subject: Subject) -> Iterator[Found]:
    """Before a node's container is stopped the operator lets it sleep for 10 seconds, so that no new requests arrive,
    and the orchestrator takes up to 15 seconds to finish what it has. terminationGracePeriodSeconds counts from the
    beginning of that: a smaller one kills both in the middle, and requests that are under way are lost at every
    update. Without the field it is 20."""
    for predictor in subject.predictors:
        for pod in predictor.pods:
            grace = whole(extra(pod.spec.spec, "terminationGracePeriodSeconds"))
            if grace is not None and grace < GRACE_S:
                place = (*pod.place, "spec", "terminationGracePeriodSeconds")
                message = f"terminationGracePeriodSeconds {grace} cuts off requests that are under way"
                help_ = f"use at least {GRACE_S}, or leave it out for 20"
                yield Found(place, message, help_, edits=[Replace(place, 20)])


@rule("SG379", Level.WARNING, "Two service accounts for one pod", cluster_only=True)
def service_accounts(subject: Subject) -> Iterator[Found]:
    """A pod has one service account. Nodes that share a pod and name different ones overwrite each other, and the
    account of the PodSpec: the last counts, so that one of them fetches its model with the rights of the other."""
    for predictor in subject.predictors:
        accounts: dict[int, str] = {
            pod.index: str(said) for pod in predictor.pods if (said := extra(pod.spec.spec, "serviceAccountName"))
        }
        for node in predictor.nodes:
            said, index = node.unit.service_account_name, _pod_of(node.container)
            if said and accounts.setdefault(index, said) != said:
                message = f"node {node.unit.name!r} wants the service account {said!r}, its pod has {accounts[index]!r}"
                yield Found((*node.place, "serviceAccountName"), message, "use one account, or a pod for each node")


def _pod_of(container: PlacedContainer | None) -> int:
    return container.pod.index if container else 0


RULES = (
    resources,
    limits,
    image_tags,
    missing_images,
    grace_periods,
    service_accounts,
)
