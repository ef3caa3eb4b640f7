"""SG346, SG347, SG390-SG393: autoscalers."""

from collections.abc import Iterator

from servegraph.check.behaviour.free_values import mapping
from servegraph.check.behaviour.scaling import pods
from servegraph.check.edit import Remove
from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Pod, Subject
from servegraph.spec.naming import ENGINE_SEPARATE_POD
from servegraph.spec.pod import Container
from servegraph.spec.source import Place


@rule("SG346", Level.WARNING, "Replicas beside an autoscaler", cluster_only=True)
def ignored_replicas(subject: Subject) -> Iterator[Found]:
    """A pod with an hpaSpec or kedaSpec is scaled by that; the operator leaves the number of replicas of its Deployment
    alone. `replicas` of the same pod has no effect, not even as a start: that is 1, or minReplicas."""
    separate = subject.deployment.spec.annotations.get(ENGINE_SEPARATE_POD, "").lower() == "true"
    for predictor, pod in pods(subject):
        scaler = "kedaSpec" if pod.spec.keda_spec else "hpaSpec" if pod.spec.hpa_spec else ""
        alone = len(predictor.pods) == 1 and not separate  # else other pods have that number
        for place, count in ((pod.place, pod.spec.replicas), (predictor.place, predictor.spec.replicas)):
            if scaler and count is not None and (place == pod.place or alone):
                message = f"replicas {count} has no effect beside the {scaler}"
                help_ = "remove it, and set the smallest number in the autoscaler"
                yield Found((*place, "replicas"), message, help_, edits=[Remove((*place, "replicas"))], at_key=True)


@rule("SG347", Level.WARNING, "Two autoscalers for one pod", cluster_only=True)
def two_autoscalers(subject: Subject) -> Iterator[Found]:
    """When a pod has both kedaSpec and hpaSpec, the operator makes the ScaledObject and no HorizontalPodAutoscaler."""
    for _, pod in pods(subject):
        if pod.spec.keda_spec and pod.spec.hpa_spec:
            place = (*pod.place, "hpaSpec")
            message = "hpaSpec has no effect beside kedaSpec"
            yield Found(place, message, "keep one of them", edits=[Remove(place)], at_key=True)


@rule("SG390", Level.ERROR, "An autoscaler with impossible bounds", cluster_only=True)
def bounds(subject: Subject) -> Iterator[Found]:
    """Kubernetes refuses a HorizontalPodAutoscaler whose minReplicas is above its maxReplicas or below 1, and KEDA a
    ScaledObject whose bounds are the wrong way round. The schema of the resource does not compare them; the state
    becomes Failed."""
    for _, pod in pods(subject):
        hpa, keda = pod.spec.hpa_spec, pod.spec.keda_spec
        if keda:
            least, most = keda.min_replica_count or 0, keda.max_replica_count
            if most is not None and least > most:
                message = f"minReplicaCount {least} is above maxReplicaCount {most}"
                yield Found((*pod.place, "kedaSpec", "minReplicaCount"), message, "exchange them")
        elif hpa:
            least = 1 if hpa.min_replicas is None else hpa.min_replicas
            if least < 1:
                yield Found((*pod.place, "hpaSpec", "minReplicas"), f"minReplicas is {least}", "use at least 1")
            elif least > hpa.max_replicas:
                message = f"maxReplicas {hpa.max_replicas} is below minReplicas, {least}"
                yield Found((*pod.place, "hpaSpec", "maxReplicas"), message, "use at least as many")


@rule("SG391", Level.WARNING, "An autoscaler without requests to measure by", cluster_only=True)
def requests(subject: Subject) -> Iterator[Found]:
    """A target of utilization is a percentage of what the containers of the pod request. If one of them requests
    nothing of that resource, the autoscaler cannot compute it ("missing request for cpu") and does nothing; the
    orchestrator's own container does request some. A limit counts as the request where there is none."""
    for predictor, pod in pods(subject):
        for place, resource in _utilization_targets(pod):
            bare = [c.name for c in pod.spec.spec.containers if not _requests(c, resource)]
            written = {c.spec.name for c in predictor.containers}
            if pod.index == 0:
                bare += [n.unit.name for n in predictor.nodes if n.unit.is_server and n.unit.name not in written]
            if bare:
                message = f"the autoscaler cannot measure {resource}, of which {bare[0]!r} requests nothing"
                yield Found(place, message, f"set resources.requests.{resource} of {', '.join(bare)}")


def _requests(container: Container, resource: str) -> bool:
    resources = container.resources
    return any(resource in mapping(resources.get(kind)) for kind in ("requests", "limits"))


def _utilization_targets(pod: Pod) -> Iterator[tuple[Place, str]]:
    """Metrics of the autoscaler that are a percentage of cpu or memory."""
    hpa = pod.spec.hpa_spec
    if hpa is None or pod.spec.keda_spec:
        return
    key = "metrics" if hpa.metrics else "metricsv2"  # the older shape wins
    for index, metric in enumerate(hpa.metrics or hpa.metricsv2):
        said = mapping(metric.get("resource"))
        target = mapping(said.get("target"))
        utilization = said.get("targetAverageUtilization") or target.get("averageUtilization")
        if utilization is not None and said.get("name") in ("cpu", "memory"):
            yield (*pod.place, "hpaSpec", key, index, "resource"), said["name"]


@rule("SG392", Level.NOTE, "KEDA must be switched on", cluster_only=True)
def keda_enabled(subject: Subject) -> Iterator[Found]:
    """The operator makes a ScaledObject only if it was installed with KEDA_ENABLED. Otherwise a kedaSpec does
    nothing, without a message, and the pod keeps the number of replicas that it has."""
    for _, pod in pods(subject):
        if pod.spec.keda_spec:
            message = "kedaSpec counts only where the operator was installed with KEDA"
            yield Found((*pod.place, "kedaSpec"), message, "check the operator's KEDA_ENABLED", at_key=True)
            return


@rule("SG393", Level.WARNING, "Metrics that the other metrics hide", cluster_only=True)
def both_metrics(subject: Subject) -> Iterator[Found]:
    """`metrics` of an hpaSpec has the shapes of autoscaling/v2beta1, `metricsv2` those of autoscaling/v2. When both
    are given the operator takes `metrics` alone."""
    for _, pod in pods(subject):
        if pod.spec.hpa_spec and pod.spec.hpa_spec.metrics and pod.spec.hpa_spec.metricsv2:
            place = (*pod.place, "hpaSpec", "metricsv2")
            yield Found(place, "metricsv2 has no effect beside metrics", "keep one of them", at_key=True)


RULES = (ignored_replicas, two_autoscalers, bounds, requests, keda_enabled, both_metrics)
