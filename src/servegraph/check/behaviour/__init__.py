"""What the API server and the webhook let pass, and what then fails, misleads or does nothing (SG3xx).

Source:
    Seldon Core v1's operator and orchestrator (1.17, 1.18), Kubernetes' own limits, and the reports of their users.
"""

from servegraph.check.behaviour import (
    annotation_places,
    annotation_values,
    autoscalers,
    built_ins,
    explainers,
    graph,
    ignored_fields,
    models,
    names,
    orchestrator,
    parameters,
    pods,
    probes,
    scaling,
    servers,
    traffic,
    variables,
    volumes,
    words,
)
from servegraph.check.rule import Rule

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *words.RULES,
    *graph.RULES,
    *built_ins.RULES,
    *parameters.RULES,
    *servers.RULES,
    *models.RULES,
    *probes.RULES,
    *traffic.RULES,
    *scaling.RULES,
    *autoscalers.RULES,
    *annotation_values.RULES,
    *annotation_places.RULES,
    *ignored_fields.RULES,
    *pods.RULES,
    *variables.RULES,
    *volumes.RULES,
    *explainers.RULES,
    *orchestrator.RULES,
)
