"""The errors that pass from one part of this library to another.

Each class says whose fault it is, so that the fronts can map it to a status and the
command line to an exit code without looking at the text:

    ServeGraphError
    ├── ConfigurationError        the author's mistake: the graph, the manifest, the project   exit 2
    │   ├── InvalidGraph          all broken rules at once, each with the place and the fix
    │   ├── ComponentNotFound     a reference that names no class
    │   └── ComponentMismatch     a class without the methods its node needs
    ├── EnvironmentFault          the machine or a service is not as needed                    exit 3
    │   ├── PortInUse
    │   ├── ArtifactNotFound      the registry has no such artifact, version or alias
    │   ├── ArtifactRefused       found, and not safe to load or not what was locked
    │   └── RegistryUnreachable
    ├── PayloadError              the caller's mistake                                         4xx
    │   ├── InvalidPayload
    │   └── UnknownPuid           feedback for a prediction nobody remembers
    └── UnitError(unit, method)   a component's fault; always raised `from` its cause          5xx
        ├── UnitFailed
        └── InvalidRoute          a router named a child that does not exist

No web, RPC or command-line library is imported here.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ServeGraphError(Exception):
    """Base of all. `str(error)` is one sentence; `hint` is the fix, if one is known."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigurationError(ServeGraphError):
    """The graph, the manifest or the project is wrong; nothing has run yet."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: where (a dotted path or a node name), what, and the fix."""

    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what} ({self.fix})"


class InvalidGraph(ConfigurationError):
    """A graph or manifest breaks rules; `problems` holds all of them."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{name!r} cannot be served:{lines}")


class ComponentNotFound(ConfigurationError):
    """A reference such as `models.fraud:Fraud` names no class."""


class ComponentMismatch(ConfigurationError):
    """A class cannot be what its node says, or refuses its parameters."""


class EnvironmentFault(ServeGraphError):
    """The machine, or a service that is needed, is not in the right state."""


class PortInUse(EnvironmentFault):
    """Another process listens where we want to."""


class ArtifactNotFound(EnvironmentFault):
    """The registry holds no such artifact, version or alias."""


class ArtifactRefused(EnvironmentFault):
    """The artifact is unsafe to load, or is not the one that was locked."""


class RegistryUnreachable(EnvironmentFault):
    """The MLflow registry does not answer."""


class PayloadError(ServeGraphError):
    """The caller's message cannot be used."""


class InvalidPayload(PayloadError):
    """Malformed, of an unsupported kind, or of the wrong shape."""


class UnknownPuid(PayloadError):
    """Feedback names a prediction that was never made here, or is forgotten."""


class UnitError(ServeGraphError):
    """A node failed; `unit` and `method` say which, `__cause__` says why."""

    def __init__(self, unit: str, method: str, message: str) -> None:
        super().__init__(f"{unit}.{method}: {message}")
        self.unit = unit
        self.method = method


class UnitFailed(UnitError):
    """The component raised."""


class InvalidRoute(UnitError):
    """A router answered with no integer, or with the number of no child."""
