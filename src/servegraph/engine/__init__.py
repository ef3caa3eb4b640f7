"""Run one predictor's graph: compile it to a plan at load, walk the plan per request.

The engine emits events; it knows neither HTTP, Prometheus, MLflow nor Kubernetes.
"""

from servegraph.engine.backend import Backend
from servegraph.engine.context import Context
from servegraph.engine.engine import Engine
from servegraph.engine.local import LocalUnit
from servegraph.engine.plan import Parts, Plan, RoutingInjection, compile_plan, needed_methods
from servegraph.engine.unit import Method, Unit

__all__ = [
    "Backend",
    "Context",
    "Engine",
    "LocalUnit",
    "Method",
    "Parts",
    "Plan",
    "RoutingInjection",
    "Unit",
    "compile_plan",
    "needed_methods",
]
