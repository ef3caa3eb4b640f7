"""SG308, SG309: texts of a pod that have to be of a certain form, which the resource does not ask for."""

import re
from collections.abc import Iterator

from servegraph.check.behaviour.free_values import extra
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Subject
from servegraph.spec.source import Place

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?/)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(rf"{_HOST}{_PART}(?:/{_PART})*(?::[\w][\w.-]{{0,127}})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{{32,}})?")


@rule("SG308", Level.ERROR, "A text that names no image", cluster_only=True)
def images(subject: Subject) -> Iterator[Found]:
    """An image is [registry[:port]/]name[:tag][@sha256:digest]: names in lower case, no scheme in front, a digest in
    full. The resource takes any text. The pod is made, and its container waits for ever with InvalidImageName."""
    for place, image in _images(subject):
        is_template = "$" in image or "{{" in image  # something else writes its name in
        if image and not is_template and not _IMAGE.fullmatch(image):
            help_ = "write registry/name:tag, or registry/name@sha256:<64 digits>"
            yield Found(place, f"{image!r} names no image", help_)


def _images(subject: Subject) -> Iterator[tuple[Place, str]]:
    for container in subject.containers:
        yield (*container.place, "image"), container.spec.image
    for _, node in subject.nodes:
        yield (*node.place, "storageInitializerImage"), node.unit.storage_initializer_image or ""


@rule("SG309", Level.ERROR, "A policy that Kubernetes does not have", cluster_only=True)
def policies(subject: Subject) -> Iterator[Found]:
    """imagePullPolicy is one of three words, and the pods of a Deployment are always restarted. The resource takes any
    text for both; Kubernetes refuses the Deployment, and the state becomes Failed."""
    for container in subject.containers:
        said = extra(container.spec, "imagePullPolicy")
        if said and said not in _PULL_POLICIES:
            place = (*container.place, "imagePullPolicy")
            yield Found(place, f"there is no imagePullPolicy {said!r}", f"write one of {', '.join(_PULL_POLICIES)}")
    for predictor in subject.predictors:
        for pod in predictor.pods:
            said = extra(pod.spec.spec, "restartPolicy")
            if said and said != "Always":
                what = f"the pods of a Deployment cannot have the restartPolicy {said!r}"
                yield Found((*pod.place, "spec", "restartPolicy"), what, "leave it out")


RULES = (images, policies)
