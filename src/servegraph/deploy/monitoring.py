"""What Prometheus and Grafana find in a cluster: objects around rules and a dashboard that others write.

Source:
    prometheus-operator's PodMonitor and PrometheusRule; Grafana's sidecar, which looks for a label. Seldon's operator
    labels its pods, and names the ports of nodes and executor `metrics`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from servegraph.spec import SeldonDeployment
from servegraph.spec.naming import seldon_id

MONITORING = "monitoring.coreos.com/v1"
DASHBOARD_LABELS = {"grafana_dashboard": "1", "seldon_dashboard": "1"}


def pod_monitor(deployment: SeldonDeployment) -> dict[str, Any]:
    """Scrapes every port named `metrics` of the deployment's pods."""
    chosen = {"app.kubernetes.io/managed-by": "seldon-core", "seldon-deployment-id": seldon_id(deployment.name)}
    return {
        "apiVersion": MONITORING,
        "kind": "PodMonitor",
        "metadata": metadata(deployment, deployment.name),
        "spec": {
            "selector": {"matchLabels": chosen},
            "podMetricsEndpoints": [{"port": "metrics", "path": "/prometheus", "interval": "15s"}],
        },
    }


def prometheus_rule(deployment: SeldonDeployment, groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Alert rules, in the groups of a Prometheus rule file."""
    return {
        "apiVersion": MONITORING,
        "kind": "PrometheusRule",
        "metadata": metadata(deployment, deployment.name),
        "spec": {"groups": [dict(group) for group in groups]},
    }


def dashboard_map(deployment: SeldonDeployment, text: str) -> dict[str, Any]:
    """A Grafana dashboard's JSON text."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(deployment, f"{deployment.name}-dashboard", DASHBOARD_LABELS),
        "data": {f"{deployment.name}-dashboard.json": text},
    }


def registry_secret(deployment: SeldonDeployment, name: str, uri: str) -> dict[str, Any]:
    """Where the registry is; a Secret because init containers read nothing else. The URI has no password in it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(deployment, name),
        "stringData": {"MLFLOW_TRACKING_URI": uri},
    }


def metadata(deployment: SeldonDeployment, name: str, labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Metadata of an object beside the deployment: in its namespace, with its labels."""
    whole = {**(labels or {}), **deployment.metadata.labels}
    namespace = deployment.metadata.namespace
    return {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        **({"labels": whole} if whole else {}),
    }
