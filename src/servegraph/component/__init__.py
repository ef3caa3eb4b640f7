"""User classes: what they may define, and what they may return. Nothing of graphs or servers."""

from servegraph.component.answer import UnusableAnswer, answer, passed_on
from servegraph.component.contract import Component, Hook, build, load, read

__all__ = ["Component", "Hook", "UnusableAnswer", "answer", "build", "load", "passed_on", "read"]
