"""What went wrong at a store, in one line with the fix: every library of a store raises its own."""

import errno
from pathlib import Path

from servegraph.errors import ArtifactNotFound, EnvironmentFault, RegistryUnreachable, ServeGraphError

# Names, not classes: the libraries are imported only where their store is used.
_OFFLINE = {"ConnectionError", "HTTPClientError", "ClientConnectionError", "ClientPayloadError"} | {
    "TimeoutError",
    "gaierror",
    "TransportError",
}
_NO_KEY = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound"} | {
    "TokenRetrievalError",
    "GoogleAuthError",
    "ClientAuthenticationError",
}
_BUSY = {errno.EBUSY, getattr(errno, "EREMOTEIO", errno.EIO)}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class StoreOffline(RegistryUnreachable):
    """The store does not answer at all; a copy from before may do."""


def of_store(error: Exception, shown: str) -> ServeGraphError:
    """What a store's error means for whoever asked for `shown`."""
    if isinstance(error, ServeGraphError):
        return error
    error = _behind(error)
    status = _status(error)
    if isinstance(error, FileNotFoundError) or status == 404:
        return ArtifactNotFound(f"there is nothing at {shown}", hint="are the bucket and the path right?")
    if _is_denied(error, status):
        return RegistryUnreachable(
            f"{shown} may not be read: {_reason(error)}",
            hint="set the key in the environment, or in the node's secret: secrets/<envSecretRefName>.env",
        )
    if _is_offline(error, status):
        return StoreOffline(f"{shown} cannot be reached: {_reason(error)}", hint="is the address right, and online?")
    return RegistryUnreachable(f"{shown} cannot be read: {_reason(error)}", hint="are the address and options right?")


def is_of_disk(error: Exception) -> bool:
    """Whether writing a download failed, and not its store."""
    return isinstance(error, OSError) and (error.filename is not None or error.errno in _NO_ROOM)


def of_disk(error: OSError, folder: Path) -> EnvironmentFault:
    """What an error of writing into `folder` means."""
    if error.errno in _NO_ROOM:
        return no_room(folder)
    return EnvironmentFault(f"{error.strerror or error}: {error.filename or folder}", hint="may it be written to?")


def no_room(folder: Path, needed: int | None = None) -> EnvironmentFault:
    size = f": {needed / 1e6:,.0f} MB are needed" if needed else ""
    return EnvironmentFault(f"the disk of {folder} is full{size}", hint="make room, then try again")


def _behind(error: Exception) -> Exception:
    """fsspec says of every answer of the web that it cannot use: not found."""
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and isinstance(cause, Exception):
        status = _status(cause)
        return cause if status or _is_offline(cause, status) else error
    return error


def _status(error: Exception) -> int | None:
    found = next(
        (getattr(error, name, None) for name in ("status", "code", "status_code") if hasattr(error, name)), None
    )
    return int(found) if isinstance(found, int | str) and str(found).isdecimal() else None


def _is_denied(error: Exception, status: int | None) -> bool:
    forbidden = isinstance(error, OSError) and str(error).startswith("Forbidden")  # gcsfs
    return isinstance(error, PermissionError) or status in (401, 403) or forbidden or _is_one_of(error, _NO_KEY)


def _is_offline(error: Exception, status: int | None) -> bool:
    busy = isinstance(error, OSError) and error.errno in _BUSY
    return busy or (status is not None and status >= 500) or _is_one_of(error, _OFFLINE)


def _is_one_of(error: Exception, names: set[str]) -> bool:
    return any(cls.__name__ in names for cls in type(error).__mro__)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    message = getattr(error, "message", None) or str(error)
    lines = [line for line in str(message).splitlines() if line.strip()]
    return lines[0].strip()[:160] if lines else type(error).__name__
