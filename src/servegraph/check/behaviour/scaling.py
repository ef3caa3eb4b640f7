"""SG344, SG345, SG348, SG349, SG394: replicas, disruption budgets, deadlines of a rollout."""

from collections.abc import Iterator

from servegraph.check.finding import Found, Level
from servegraph.check.rule import rule
from servegraph.check.subject import Pod, Predictor, Subject
from servegraph.spec.source import Place

SHORTEST_DEADLINE_S = 60  # probes begin after 20 s; image and model come before


def pods(subject: Subject) -> Iterator[tuple[Predictor, Pod]]:
    for predictor in subject.predictors:
        for pod in predictor.pods:
            yield predictor, pod


def _replica_counts(subject: Subject) -> Iterator[tuple[Place, int]]:
    spec = subject.deployment.spec
    said: list[tuple[Place, int | None]] = [(("spec", "replicas"), spec.replicas)]
    for predictor in subject.predictors:
        orchestrator = predictor.spec.svc_orch_spec
        said.append(((*predictor.place, "replicas"), predictor.spec.replicas))
        said.append(((*predictor.place, "svcOrchSpec", "replicas"), orchestrator.replicas))
        if predictor.spec.explainer:
            said.append(((*predictor.place, "explainer", "replicas"), predictor.spec.explainer.replicas))
        said += [((*pod.place, "replicas"), pod.spec.replicas) for pod in predictor.pods]
    yield from ((place, count) for place, count in said if count is not None)


@rule("SG344", Level.WARNING, "No replicas, never available", cluster_only=True)
def no_replicas(subject: Subject) -> Iterator[Found]:
    """The operator holds a Deployment without ready replicas for not ready, also when none are wanted. With replicas
    0 the SeldonDeployment stays in the state Creating, its routes are not written, and what it replaces is not
    removed."""
    for place, count in _replica_counts(subject):
        if count == 0:
            help_ = "use at least 1; to stop serving, delete the predictor or the SeldonDeployment"
            yield Found(place, "with replicas 0 the SeldonDeployment never becomes Available", help_)


@rule("SG345", Level.ERROR, "A number of replicas below zero", cluster_only=True)
def negative_replicas(subject: Subject) -> Iterator[Found]:
    """The schema of the resource takes any whole number, but Kubernetes refuses a Deployment with a negative number of
    replicas, and the state becomes Failed."""
    for place, count in _replica_counts(subject):
        if count < 0:
            yield Found(place, f"replicas is {count}", "use 0 or more")


@rule("SG348", Level.ERROR, "A disruption budget with both limits", cluster_only=True)
def both_limits(subject: Subject) -> Iterator[Found]:
    """minAvailable and maxUnavailable exclude each other. The schema takes both, but Kubernetes refuses the
    PodDisruptionBudget, and the state becomes Failed."""
    for _, pod in pods(subject):
        budget = pod.spec.pdb_spec
        if budget and budget.min_available is not None and budget.max_unavailable is not None:
            message = "pdbSpec has both minAvailable and maxUnavailable"
            yield Found((*pod.place, "pdbSpec"), message, "keep one of them", at_key=True)


@rule("SG349", Level.WARNING, "Several disruption budgets over the same pods", cluster_only=True)
def overlapping_budgets(subject: Subject) -> Iterator[Found]:
    """The operator gives every PodDisruptionBudget of a SeldonDeployment the same selector, which takes in all its
    pods. With two of them each pod matches both, and Kubernetes refuses to evict a pod with more than one budget:
    nodes can no longer be drained. With one, its numbers count the pods of all predictors together."""
    budgets = [pod for _, pod in pods(subject) if pod.spec.pdb_spec]
    for pod in budgets[1:]:
        message = "a second pdbSpec: every pod of the SeldonDeployment matches both budgets and cannot be evicted"
        help_ = "keep one, which counts the pods of all predictors"
        yield Found((*pod.place, "pdbSpec"), message, help_, at_key=True)


@rule("SG394", Level.WARNING, "Less time for a rollout than a pod needs", cluster_only=True)
def deadlines(subject: Subject) -> Iterator[Found]:
    """The probes of the orchestrator and of a node begin after 20 seconds, and images and models are fetched before.
    With a progressDeadlineSeconds near that, every rollout counts as failed while its pods are still starting."""
    for predictor in subject.predictors:
        deadline = predictor.spec.progress_deadline_seconds
        if deadline is not None and deadline < SHORTEST_DEADLINE_S:
            message = f"progressDeadlineSeconds {deadline} is over before a pod can be ready"
            help_ = f"use at least {SHORTEST_DEADLINE_S}, or leave it out for 600"
            yield Found((*predictor.place, "progressDeadlineSeconds"), message, help_)


RULES = (
    no_replicas,
    negative_replicas,
    both_limits,
    overlapping_budgets,
    deadlines,
)
