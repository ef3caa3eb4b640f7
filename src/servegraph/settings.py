"""Facts about the process, from the environment: read once, by the command line, and passed down."""

from collections.abc import Mapping
from dataclasses import dataclass

from servegraph.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Attributes:
        tracking_uri: `MLFLOW_TRACKING_URI`, the MLflow registry; by default an SQLite file in the project's
            `.servegraph` folder, as one machine needs no server.
        feedback_memory: `SERVEGRAPH_FEEDBACK_MEMORY`, predictions that feedback can still name; 100,000
            by default, some 5 MB for each worker.
        log_busy_rate: `SERVEGRAPH_LOG_BUSY_RATE`, predictions a second that the request log takes while
            requests need the time; 50 by default.
        drift_busy_rate: `SERVEGRAPH_DRIFT_BUSY_RATE`, rows a second that the drift monitor takes while
            requests need the time; 100 by default, half a window of the usual size.
        debug: `SERVEGRAPH_DEBUG`, show tracebacks and MLflow's own messages.
    """

    tracking_uri: str | None = None
    feedback_memory: int = 100_000
    log_busy_rate: int = 50
    drift_busy_rate: int = 100
    debug: bool = False


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment.

    Raises:
        ConfigurationError: a value is no number where one is needed.
    """
    return Settings(
        tracking_uri=environment.get("MLFLOW_TRACKING_URI") or None,
        feedback_memory=_positive(environment, "SERVEGRAPH_FEEDBACK_MEMORY", 100_000),
        log_busy_rate=log_busy_rate(environment),
        drift_busy_rate=_positive(environment, "SERVEGRAPH_DRIFT_BUSY_RATE", 100),
        debug=is_debug(environment),
    )


def log_busy_rate(environment: Mapping[str, str]) -> int:
    """What SERVEGRAPH_LOG_BUSY_RATE says; raises as `read`."""
    return _positive(environment, "SERVEGRAPH_LOG_BUSY_RATE", 50)


def is_debug(environment: Mapping[str, str]) -> bool:
    """Whether SERVEGRAPH_DEBUG is set, to 1, true or yes."""
    return environment.get("SERVEGRAPH_DEBUG", "").lower() in ("1", "true", "yes")


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} is {text!r}", hint="give a whole number above 0, or unset it")
    return int(text)
