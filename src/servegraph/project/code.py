"""Import a project's own code: components, graphs, and the training module.

References are `folder.file:Class` (or `folder.file.Class`), relative to the project's root;
anything that is not there is looked for among installed packages.
"""

import importlib
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from servegraph.errors import ComponentNotFound, ConfigurationError, ServeGraphError
from servegraph.project.config import Project
from servegraph.spec import SeldonDeployment, load

MOUNT = "servegraph.project.files"
_NAME = re.compile(r"[^\W\d][\w-]*(\.[^\W\d][\w-]*)*")


def mount(project: Project) -> None:
    """Make the project importable below `servegraph.project.files`, here and in child processes."""
    os.environ["SERVEGRAPH_PROJECT"] = str(project.root)
    package = importlib.import_module(MOUNT)
    if package.__path__ == [str(project.root)]:
        return
    package.__path__ = [str(project.root)]
    # Modules of another project may bear the same names.
    for name in [name for name in sys.modules if name.startswith(f"{MOUNT}.")]:
        del sys.modules[name]


def load_class(project: Project, reference: str) -> type:
    """The class that a reference such as `models.fraud:Fraud` names; `Fraud` alone is `Fraud.py` and its class.

    Raises:
        ComponentNotFound: the file or the class does not exist.
        ConfigurationError: the file cannot be imported.
    """
    module_name, _, class_name = reference.replace(":", ".").rpartition(".")
    module_name = module_name or class_name
    module = load_module(project, module_name, reference)
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        classes = [name for name, value in vars(module).items() if _is_own_class(value, module)]
        raise ComponentNotFound(
            f"{reference!r}: no class {class_name} in {getattr(module, '__file__', None) or module.__name__}",
            hint=f"it has: {', '.join(classes) or 'no class'}",
        )
    return found


def _is_own_class(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def load_module(project: Project, name: str, reference: str) -> ModuleType:
    """The module `name` of the project, or an installed one."""
    mount(project)
    mounted = f"{MOUNT}.{name}"
    inside = _exists(mounted)
    if not _NAME.fullmatch(name) or not (inside or _exists(name)):
        raise ComponentNotFound(
            f"{reference!r}: there is no {name.replace('.', '/')}.py in {project.root}",
            hint="write references as folder.file:Class, relative to the project",
        )
    return _import(mounted if inside else name, reference)


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _import(name: str, reference: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ServeGraphError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{reference!r} cannot be imported: {type(error).__name__}: {error}", hint="correct the file"
        ) from error


def load_graph(project: Project, path: Path) -> SeldonDeployment:
    """The SeldonDeployment of a graph file (.py) or of a manifest (.yaml, .json).

    Raises:
        ConfigurationError: no such file, or a graph file with none or several deployments.
        InvalidGraph: the graph breaks a rule.
    """
    if path.suffix != ".py":
        return load(path)
    if not path.is_file():
        raise ConfigurationError(f"there is no graph file {path}", hint="name a file such as graphs/screening.py")
    values = vars(_graph_module(project, path)).values()
    found = {id(value): value for value in values if isinstance(value, SeldonDeployment)}
    if len(found) != 1:
        raise ConfigurationError(
            f"{path} defines {len(found)} deployments", hint="a graph file holds exactly one `deployment(...)`"
        )
    return next(iter(found.values()))


def _graph_module(project: Project, path: Path) -> ModuleType:
    root = project.root.resolve()
    resolved = path.resolve()
    if not resolved.is_relative_to(root):
        raise ConfigurationError(f"{path} is outside of the project {root}", hint="move it into graphs/")
    name = ".".join(resolved.relative_to(root).with_suffix("").parts)
    return load_module(project, name, str(path))
