"""Run one predictor's graph: compile it to a plan at load, walk the plan per request.

The engine emits events; it knows neither HTTP, Prometheus, MLflow nor Kubernetes.
"""

from servegraph.engine.engine import Engine
from servegraph.engine.plan import Parts, Plan, compile_plan, needed_methods

__all__ = ["Engine", "Parts", "Plan", "compile_plan", "needed_methods"]
