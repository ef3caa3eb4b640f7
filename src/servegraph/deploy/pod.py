"""What the containers of our image need of a pod, in either form: probes, time to end in, files, rights.

Source:
    Kubernetes' pods and Seldon's operator: its own probes only see whether a port is open, the first after
    20 s, its grace is 20 s. What a container says itself is kept by the operator, and by us.
"""

from typing import Any

from servegraph.spec import Container

PORT = 9000  # the operator's first port for REST, and for gRPC
GRPC_PORT = 9500
USER = 8888  # the operator's own default
HOME = "/app"  # where the image has the project
MODELS = "/mnt/models"  # where the operator's init container puts an artifact
MODEL_NAME = "MODEL_NAME"

STARTUP_LIMIT_S = 300  # to pull and load artifacts in
DRAIN_S = 15  # the servers' own limit for requests that were accepted
SLACK_S = 5

SECURITY: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
POD_SECURITY: dict[str, Any] = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def is_ours(container: Container) -> bool:
    """Whether the image's `servegraph` runs it: it names a class as `folder.file:Class`, and no command."""
    said = container.environment().get(MODEL_NAME, "")
    return ":" in said and not container.command and not container.args


def probes(live: str, ready: str, port: int | str) -> dict[str, Any]:
    """Probes that ask the server: no wait longer than it needs, and no restart while an artifact loads.

    Args:
        live: path that answers while the process is well.
        ready: path that answers 2xx while requests are welcome.
    """

    def asked(path: str, period: int, failures: int) -> dict[str, Any]:
        request = {"path": path, "port": port}
        return {"httpGet": request, "periodSeconds": period, "timeoutSeconds": 3, "failureThreshold": failures}

    return {
        "startupProbe": asked(live, 2, STARTUP_LIMIT_S // 2),
        "readinessProbe": asked(ready, 5, 2),
        "livenessProbe": asked(live, 10, 3),
    }


def ending(wait_s: int) -> dict[str, Any]:
    """A container's `lifecycle`: it goes on serving for so long, while others still send."""
    return {"preStop": {"exec": {"command": ["sleep", str(wait_s)]}}}


def grace_s(wait_s: int) -> int:
    """The pod's `terminationGracePeriodSeconds`: the wait of `ending`, and what the server then may take."""
    return wait_s + DRAIN_S + SLACK_S


def fill(part: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Put `defaults` where nothing is said; what a person wrote stays."""
    for key, value in defaults.items():
        part.setdefault(key, value)


def mount(pod: dict[str, Any], container: dict[str, Any], name: str, path: str, source: dict[str, Any]) -> None:
    """Mount a volume into a container, unless something is there already."""
    mounts = container.setdefault("volumeMounts", [])
    if any(mount["mountPath"] == path for mount in mounts):
        return
    volumes = pod.setdefault("volumes", [])
    if all(volume["name"] != name for volume in volumes):
        volumes.append({"name": name, **source})
    mounts.append({"name": name, "mountPath": path, **({"readOnly": True} if "configMap" in source else {})})
