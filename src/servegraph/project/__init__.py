"""A user's project: where it is, what it says of itself, and the code in its folders."""

from servegraph.project.code import load_class, load_graph, load_module
from servegraph.project.config import Project, find_project

__all__ = ["Project", "find_project", "load_class", "load_graph", "load_module"]
