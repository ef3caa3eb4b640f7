"""What a component's metric becomes: a family and one labelled series of it, or a refusal.

Source: Seldon's component server: COUNTER as `<key>_total`, GAUGE, TIMER in milliseconds as a
histogram in seconds; the identity's labels win over a metric's own tags, `method` among them.
Own choice: what Prometheus could not read is refused here, when it is made, so that a scrape never fails.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

Type = Literal["COUNTER", "GAUGE", "TIMER"]
LabelPairs = tuple[tuple[str, str], ...]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_OURS = ("seldon_api_executor_", "servegraph_", "process_", "python_")


class RefusedMetric(Exception):
    """A metric that cannot be exposed; the text says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made a metric; what is not known is `NOT_IMPLEMENTED`, as in the component server.

    Attributes:
        worker_id: the worker's process id, or whatever stands for one worker through its successors.
    """

    model_name: str
    model_image: str
    model_version: str
    deployment_name: str
    predictor_name: str
    predictor_version: str
    worker_id: str

    def labels(self) -> dict[str, str]:
        """All labels of this identity, Seldon's aliases among them."""
        return {
            "deployment_name": self.deployment_name,
            "model_name": self.model_name,
            "model_image": self.model_image,
            "model_version": self.model_version,
            "predictor_name": self.predictor_name,
            "predictor_version": self.predictor_version,
            "seldon_deployment_name": self.deployment_name,
            "image_name": self.model_image,
            "image_version": self.model_version,
            "worker_id": self.worker_id,
        }


class Series(NamedTuple):
    """One series: its family's name without `_total`, its type, its labels in order, and what to add or set."""

    name: str
    type: Type
    labels: LabelPairs
    value: float

    def sample_names(self) -> tuple[str, ...]:
        """The names that the family takes in an exposition."""
        return sample_names(self.type, self.name)


def sample_names(kind: str, name: str) -> tuple[str, ...]:
    """The names that a family of this type takes in an exposition."""
    name = f"{name}_total" if kind == "COUNTER" else name
    return tuple(name + suffix for suffix in (("", "_bucket", "_count", "_sum") if kind == "TIMER" else ("",)))


def series_of(origin: Origin, method: str, metric: Mapping[str, Any]) -> Series:
    """The series that a metric of the form {type, key, value, tags} adds to.

    Raises:
        RefusedMetric: it has no such form, or a name that Prometheus does not allow.
    """
    try:
        key, kind = str(metric["key"]), metric.get("type", "COUNTER")
        value, tags = float(metric["value"]), dict(metric.get("tags") or {})
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RefusedMetric("a metric needs a key, a type and a number as value") from error
    if kind not in get_args(Type):
        raise RefusedMetric("its type is none of COUNTER, GAUGE and TIMER")
    labels = {**_tags(tags, kind), "method": method, **origin.labels()}
    seconds = value / 1000 if kind == "TIMER" else value
    return Series(_name(key, kind), kind, tuple(sorted(labels.items())), seconds)


def _name(key: str, kind: Type) -> str:
    if not _NAME.fullmatch(key):
        raise RefusedMetric("its key is no name for Prometheus; use letters, digits and _")
    if key.startswith(_OURS):
        raise RefusedMetric("names that begin like that are taken")
    return key.removesuffix("_total") if kind == "COUNTER" else key


def _tags(tags: Mapping[Any, Any], kind: Type) -> dict[str, str]:
    for name in tags:
        if not (isinstance(name, str) and _LABEL.fullmatch(name)) or (name == "le" and kind == "TIMER"):
            raise RefusedMetric("a tag's name is no label for Prometheus; use letters, digits and _")
    return {name: str(value) for name, value in tags.items()}
