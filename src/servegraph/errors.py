"""The errors that pass from one part of this library to another.

Each class says whose fault it is, so that the fronts can map it to a status and the
command line to an exit code without looking at the text:

    ServeGraphError
    ├── ConfigurationError        the author's mistake: the graph, the manifest, the project   exit 2
    │   ├── MalformedFile         neither YAML nor JSON; says where
    │   ├── InvalidGraph          all broken rules at once, each with the place and the fix
    │   ├── ComponentNotFound     a reference that names no class
    │   └── ComponentMismatch     a class without the methods its node needs
    ├── EnvironmentFault          the machine or a service is not as needed                    exit 3
    │   ├── PortInUse
    │   ├── ArtifactNotFound      no such artifact, version, alias, run or place
    │   ├── ArtifactRefused       found, and not safe to load or not what was locked
    │   └── RegistryUnreachable
    ├── PayloadError              the caller's mistake                                         4xx
    │   ├── InvalidPayload
    │   │   └── MalformedArray    JSON that is no array, or an array of another shape than it says
    │   ├── UnknownModel          an Open Inference request for a model that is not here
    │   └── UnknownPuid           feedback for a prediction nobody remembers
    ├── ModelNotFound             a path or a call names a node that the graph does not have
    ├── GraphTimedOut             the deadline of the whole graph passed                       504
    ├── Overloaded                more requests at once than this process takes                503
    └── UnitError(unit, method)   a component's fault; always raised `from` its cause          5xx
        ├── UnitFailed            it raised, or returned what no message carries
        ├── UnitAnswered          it runs elsewhere, and answered with an error of its own
        ├── UnitUnreachable       it runs elsewhere, and does not answer
        ├── UnitTimedOut          it did not answer in time                                    504
        └── InvalidRoute          a router named a child that does not exist

No web, RPC or command-line library is imported here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ServeGraphError(Exception):
    """Base of all. `str(error)` is one sentence; `hint` is the fix, if one is known."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigurationError(ServeGraphError):
    """The graph, the manifest or the project is wrong; nothing has run yet."""


class MalformedFile(ConfigurationError):
    """A file is neither YAML nor JSON; `line` and `column` (from 1) say where."""

    def __init__(self, file: str, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{file} is no YAML: {what} (line {line}, column {column})", hint="correct the file")
        self.what = what
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: which or where (a code, a dotted path, a node), what, and the fix."""

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
    """There is no such artifact, version, alias or run, or nothing at the place that is named."""


class ArtifactRefused(EnvironmentFault):
    """The artifact is unsafe to load, or is not the one that was locked."""


class RegistryUnreachable(EnvironmentFault):
    """The MLflow registry, or the store that an artifact lies in, does not answer or denies access."""


class PayloadError(ServeGraphError):
    """The caller's message cannot be used."""


class InvalidPayload(PayloadError):
    """Malformed, of an unsupported kind, or of the wrong shape."""


class MalformedArray(InvalidPayload):
    """A payload of a known kind whose content cannot be read; `__cause__` is the library's own error, if any."""


class UnknownPuid(PayloadError):
    """Feedback names a prediction that was never made here, or is forgotten."""


class UnknownModel(PayloadError):
    """An Open Inference request names a model, or a version of it, that is not here."""


class ModelNotFound(ServeGraphError):
    """A path or a call names a node that the graph does not have."""


class GraphTimedOut(ServeGraphError):
    """The graph did not answer before the deadline of the request."""


class Overloaded(ServeGraphError):
    """So many requests are being answered that another one would only slow down all."""


BAD_DATA = "MICROSERVICE_BAD_DATA"
INTERNAL_ERROR = "MICROSERVICE_INTERNAL_ERROR"
BAD_METRIC = "MICROSERVICE_BAD_METRIC"
BAD_METADATA = "MICROSERVICE_BAD_METADATA"


class UnitError(ServeGraphError):
    """A node failed; `unit` and `method` say which, `message` and `__cause__` say why."""

    def __init__(self, unit: str, method: str, message: str) -> None:
        super().__init__(f"{unit or 'component'}.{method}: {message}")
        self.unit = unit
        self.method = method
        self.message = message


def final_status(status: Any) -> int:
    """The status itself, if it can be the one of an HTTP answer, else 500: components make up theirs."""
    return status if type(status) is int and 200 <= status <= 999 else 500


class UnitFailed(UnitError):
    """The component raised, or returned what no message carries.

    Attributes:
        status: HTTP status of the answer, from 200 to 999.
        reason: Seldon's word for the kind of error.
        body: the answer's body, if the component's own error handler made one.
        content_type: the type of that body.
    """

    def __init__(
        self,
        unit: str,
        method: str,
        message: str,
        *,
        status: int = 500,
        reason: str = INTERNAL_ERROR,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> None:
        super().__init__(unit, method, message)
        self.status = final_status(status)
        self.reason = reason
        self.body = body
        self.content_type = content_type


class UnitAnswered(UnitError):
    """A component that runs elsewhere answered with an error, which is passed on.

    Attributes:
        status: its HTTP status; for gRPC the one that corresponds to its code.
        body: its body, empty for gRPC.
        content_type, encoding: the body's Content-Type and Content-Encoding.
        code: name of its gRPC code, e.g. `INVALID_ARGUMENT`; empty for HTTP.
    """

    def __init__(
        self,
        unit: str,
        method: str,
        message: str,
        *,
        status: int,
        body: bytes = b"",
        content_type: str = "application/json",
        encoding: str = "",
        code: str = "",
    ) -> None:
        super().__init__(unit, method, message)
        self.status = final_status(status)
        self.body = body
        self.content_type = content_type
        self.encoding = encoding
        self.code = code


class UnitUnreachable(UnitError):
    """A component that runs elsewhere cannot be connected to, or hung up."""


class UnitTimedOut(UnitError):
    """A component did not answer in the time that a call may take."""


class InvalidRoute(UnitError):
    """A router answered with no integer, or with the number of no child."""
