"""Find a component's class by its reference, and make the object that is served.

Source:
    Seldon's component server: `Name` is class Name of Name.py, `a.b.Name` class Name of a/b.py,
    looked for behind what is installed; `folder.file:Class` is a project's own form, and is found
    in the current folder whatever is installed.
"""

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from servegraph.component import Component, build, load, read
from servegraph.errors import (
    ComponentMismatch,
    ComponentNotFound,
    ConfigurationError,
    EnvironmentFault,
    ServeGraphError,
)
from servegraph.project import Project, load_class

Service = Callable[[], object]


def class_of(reference: str) -> type:
    """The class that a reference names.

    Raises:
        ComponentNotFound: there is no such module or class.
        ConfigurationError: the module cannot be imported.
    """
    folder = os.getcwd()
    if ":" in reference:
        return load_class(Project(Path(folder)), reference)
    if folder not in sys.path:
        sys.path.append(folder)
    module, _, name = reference.rpartition(".")
    return _class(_import(module or name, reference), name, reference)


def _import(name: str, reference: str) -> Any:
    if not _exists(name):
        raise ComponentNotFound(
            f"{reference!r}: there is no {name.replace('.', '/')}.py in {os.getcwd()}",
            hint="name a class as Module, module.Class or folder.file:Class, from the folder that you are in",
        )
    try:
        return importlib.import_module(name)
    except ServeGraphError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigurationError(
            f"{reference!r} cannot be imported: {type(error).__name__}: {error}",
            hint="correct the file, or install what it needs; SERVEGRAPH_DEBUG=1 shows where",
        ) from error


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _class(module: Any, name: str, reference: str) -> type:
    found = getattr(module, name, None)
    if isinstance(found, type):
        return found
    own = [
        key for key, value in vars(module).items() if isinstance(value, type) and value.__module__ == module.__name__
    ]
    raise ComponentNotFound(
        f"{reference!r}: no class {name} in {getattr(module, '__file__', None) or module.__name__}",
        hint=f"it has: {', '.join(own) or 'no class'}",
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """A component that is ready to answer; `service` is what it wants to run beside, if anything."""

    component: Component
    service: Service | None


def make(reference: str, arguments: Mapping[str, Any]) -> object:
    """The component's object, built and not yet loaded.

    Raises:
        ConfigurationError: there is no such class, or it does not take these arguments.
    """
    cls = class_of(reference)
    return build(cls, cls.__name__, arguments)


def loaded(instance: object) -> Loaded:
    """The object after its `load()`.

    Raises:
        EnvironmentFault: `load()` failed.
        ComponentMismatch: it is no component.
    """
    name = type(instance).__name__
    try:
        load(instance, name)
    except ComponentMismatch as error:
        raise EnvironmentFault(str(error), hint=error.hint) from error
    return Loaded(read(instance, name), service_of(instance))


def service_of(instance: object) -> Service | None:
    """The object's `custom_service`, if it has one."""
    found = getattr(instance, "custom_service", None)
    return found if callable(found) else None
