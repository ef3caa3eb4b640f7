"""User classes: what they may define, and how they are called. Nothing of graphs or servers."""

from servegraph.component.author import SeldonMicroserviceException, SeldonNotImplementedError, SeldonResponse
from servegraph.component.caller import Caller
from servegraph.component.contract import Component, build, load, read
from servegraph.component.meta import Identity
from servegraph.component.metrics import MetricSink

__all__ = [
    "Caller",
    "Component",
    "Identity",
    "MetricSink",
    "SeldonMicroserviceException",
    "SeldonNotImplementedError",
    "SeldonResponse",
    "build",
    "load",
    "read",
]
