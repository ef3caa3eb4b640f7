"""What a component server is told: flags, environment and annotations, read once.

Source:
    Seldon's component server and what its operator sets: names, defaults, and which of flag and
    environment wins.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from servegraph.errors import ServeGraphError
from servegraph.observe.custom import Origin
from servegraph.spec import Parameter
from servegraph.spec.annotations import CallLimits, call_limits, parse_annotations

UNKNOWN = "NOT_IMPLEMENTED"


@dataclass(frozen=True, slots=True)
class ComponentOptions:
    """Everything that the command line, the environment and the pod say.

    Attributes:
        rest_timeout_s: whole seconds that the component may take over REST; None for ever.
        message_size: bytes of a gRPC message; None for gRPC's default.
        max_body: bytes of an HTTP body.
        rewards: whether feedback is counted.
        include_metrics: whether answers carry the component's metrics.
        metadata: YAML over what the component says of itself.
    """

    reference: str
    arguments: Mapping[str, Any]
    host: str
    http_port: int
    grpc_port: int
    metrics_port: int
    workers: int
    threads: int
    grpc_workers: int
    grpc_threads: int
    max_requests: int
    max_requests_jitter: int
    max_body: int
    access_log: bool
    filter_metrics_access: bool
    pidfile: Path | None
    rest_timeout_s: float | None
    message_size: int | None
    unit: str
    image: str
    metrics_path: str
    passthrough: bool
    rewards: bool
    include_metrics: bool
    metadata: str
    origin: Origin

    @property
    def processes(self) -> int:
        """How many workers there are."""
        return max(self.workers, self.grpc_workers)

    @property
    def is_supervised(self) -> bool:
        """Whether workers are processes of their own, which a parent starts, replaces and ends."""
        return self.processes > 1 or self.max_requests > 0

    def summary(self, name: str) -> str:
        """What is served where, in one line."""
        ports = [f"REST on {self.host}:{self.http_port}"]
        if self.grpc_workers:
            ports.append(f"gRPC on {self.host}:{self.grpc_port}")
        ports.append(f"metrics on {self.host}:{self.metrics_port}{self.metrics_path}")
        workers = f" ({self.processes} workers)" if self.is_supervised else ""
        return f"{name}: {', '.join(ports)}{workers}"

    def remember_process(self) -> None:
        """Write the process id where `--pidfile` says."""
        if self.pidfile is not None:
            self.pidfile.write_text(f"{os.getpid()}\n", encoding="ascii")

    def forget_process(self) -> None:
        """Remove the file again."""
        if self.pidfile is not None:
            self.pidfile.unlink(missing_ok=True)


def is_true(text: str | None) -> bool:
    """Whether a word means yes, as the component server reads them; any other means no."""
    return (text or "").lower() in ("1", "true", "t")


def arguments_of(text: str) -> dict[str, Any]:
    """The constructor's arguments: a JSON list of parameters, each with name, value (as text) and type.

    Raises:
        ServeGraphError: it is no such list.
    """
    hint = 'write [{"name": "threshold", "value": "0.5", "type": "FLOAT"}, ...]; values are text'
    try:
        parameters = [Parameter.model_validate(item) for item in _list(json.loads(text))]
        return {parameter.name: parameter.python_value() for parameter in parameters}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ServeGraphError(f"a parameter of the component is wrong: {where}: {first['msg']}", hint=hint) from error
    except ValueError as error:
        raise ServeGraphError(f"the component's parameters cannot be read: {error}", hint=hint) from error


def _list(document: Any) -> list[Any]:
    if not isinstance(document, list):
        raise ValueError("they are no JSON list")
    return document


def origin_of(environment: Mapping[str, str], worker_id: str) -> Origin:
    """Whose metrics these are, from what the operator sets.

    Raises:
        ServeGraphError: PREDICTOR_LABELS is no JSON object.
    """
    image, _, version = environment.get("PREDICTIVE_UNIT_IMAGE", f"{UNKNOWN}:{UNKNOWN}").rpartition(":")
    return Origin(
        model_name=environment.get("PREDICTIVE_UNIT_ID", UNKNOWN),
        model_image=image,
        model_version=version,
        deployment_name=environment.get("SELDON_DEPLOYMENT_ID", UNKNOWN),
        predictor_name=environment.get("PREDICTOR_ID", UNKNOWN),
        predictor_version=_version(environment.get("PREDICTOR_LABELS", "{}")),
        worker_id=worker_id,
    )


def _version(labels: str) -> str:
    try:
        document = json.loads(labels)
        return str(document.get("version", UNKNOWN))
    except (ValueError, AttributeError) as error:
        raise ServeGraphError(
            f"PREDICTOR_LABELS is {labels[:100]!r}",
            hint='set it to a JSON object such as {"version": "v1"}, or unset it',
        ) from error


def pod_limits(path: Path) -> tuple[CallLimits, list[str]]:
    """The limits in a pod's annotations, and what cannot be used of them; no file means no limits.

    The time-out counts in whole seconds, and is at least one.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return CallLimits(), []
    limits, problems = call_limits(parse_annotations(text))
    return limits, [str(problem) for problem in problems]


def whole_seconds(seconds: float | None) -> float | None:
    """A time-out as the component server takes it."""
    return None if seconds is None else float(max(1, int(seconds)))
