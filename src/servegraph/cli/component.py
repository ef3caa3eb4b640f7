"""`servegraph component`: serve one component, in place of `seldon-core-microservice`."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from servegraph.cli import component_run as run
from servegraph.cli.component_options import (
    ComponentOptions,
    arguments_of,
    is_true,
    origin_of,
    pod_limits,
    whole_seconds,
)
from servegraph.errors import ServeGraphError

HELP = """Serve one component: a model, transformer, router or combiner.

A drop-in for seldon-core-microservice: the same arguments, environment, ports, REST and gRPC.

\b
REF names a class, from the folder that you are in:
  servegraph component Churn                          class Churn of Churn.py
  servegraph component models.churn.Churn             class Churn of models/churn.py
  servegraph component models.churn:Churn             the same, in a servegraph project
  servegraph component Churn --workers 4 --threads 8 --parameters \\
      '[{"name": "threshold", "value": "0.5", "type": "FLOAT"}]'

\b
A class may define any of these:
  predict(self, X, names, meta=None)            also transform_input, transform_output, route
  aggregate(self, features_list, names_list)
  send_feedback(self, X, names, reward, truth, routing=None)
  load(self)  tags(self)  metrics(self)  class_names(self)  health_status(self)  init_metadata(self)

\b
Then ask it:
  curl -d '{"data": {"ndarray": [[1, 2]]}}' -H 'content-type: application/json' localhost:9000/predict
  curl localhost:9000/metadata        curl localhost:6000/metrics
  gRPC on port 5000: Model, Router, Transformer, ... with reflection

\b
Exit codes: 1 malformed parameters; 2 a wrong call or class; 3 load() failed, or a
port is in use; 255 unknown arguments."""

_SERVICE_TYPES = ("MODEL", "ROUTER", "TRANSFORMER", "COMBINER", "OUTLIER_DETECTOR")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PORT = click.IntRange(1, 65535)
_COUNT, _AT_LEAST_ONE = click.IntRange(0), click.IntRange(1)
_TAKEN_OVER = (
    "host", "http_port", "grpc_port", "metrics_port", "workers", "grpc_workers", "max_requests",
    "max_requests_jitter", "pidfile",
)  # fmt: skip

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

log = logging.getLogger(__name__)


class UnknownArguments(click.UsageError):
    """Arguments that the original does not know either, which then ends with 255."""

    exit_code = 255


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter:
            raise
        except click.UsageError as error:
            if isinstance(error, click.NoSuchOption) or "extra argument" in error.message:
                raise UnknownArguments(error.format_message(), ctx) from error
            raise


def _switch(name: str, text: str) -> Decorator:
    """An option that may stand alone or have a word behind it, which means the same."""
    return click.option(name, is_flag=False, flag_value="true", metavar="[WORD]", help=text)


def _number(name: str, envvar: str, default: int, kind: click.IntRange, text: str) -> Decorator:
    return click.option(name, envvar=envvar, default=default, show_default=True, type=kind, help=text)


@click.command(cls=_Command, help=HELP)
@click.argument("reference", metavar="REF", envvar="MODEL_NAME")
@click.option("--service-type", type=click.Choice(_SERVICE_TYPES), default="MODEL", help="Says what it is; no effect.")
@click.option("--parameters", envvar="PREDICTIVE_UNIT_PARAMETERS", default="[]", help="Constructor arguments, as JSON.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@_number("--http-port", "PREDICTIVE_UNIT_HTTP_SERVICE_PORT", 9000, _PORT, "REST.")
@_number("--grpc-port", "PREDICTIVE_UNIT_GRPC_SERVICE_PORT", 5000, _PORT, "gRPC.")
@_number("--metrics-port", "PREDICTIVE_UNIT_METRICS_SERVICE_PORT", 6000, _PORT, "Prometheus.")
@_number("--workers", "GUNICORN_WORKERS", 1, _AT_LEAST_ONE, "Processes that answer REST.")
@_number("--threads", "GUNICORN_THREADS", 1, _AT_LEAST_ONE, "Requests that the class answers at once, per process.")
@_number("--grpc-workers", "GRPC_WORKERS", 1, _COUNT, "Processes that answer gRPC; 0 for none.")
@_number("--grpc-threads", "GRPC_THREADS", 1, _AT_LEAST_ONE, "As --threads; the larger one counts.")
@_number("--max-requests", "GUNICORN_MAX_REQUESTS", 0, _COUNT, "REST requests until a process is replaced.")
@_number("--max-requests-jitter", "GUNICORN_MAX_REQUESTS_JITTER", 0, _COUNT, "At random, up to so many more.")
@_number("--keepalive", "GUNICORN_KEEPALIVE", 2, _COUNT, "Without effect: idle connections stay for 30 s.")
@click.option("--single-threaded", envvar="FLASK_SINGLE_THREADED", default="0", help="1 for one thread whatever else.")
@click.option("--log-level", type=click.Choice(_LEVELS), default="INFO", show_default=True)
@_switch("--debug", "Log everything, tracebacks too.")
@_switch("--tracing", "Without effect.")
@_switch("--access-log", "Log every request.")
@click.option("--pidfile", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the process id.")
@_switch("--persistence", "Without effect.")
@click.option(
    "--annotations-file",
    type=click.Path(path_type=Path),
    default=Path("/etc/podinfo/annotations"),
    show_default=True,
    help="seldon.io/rest-timeout and seldon.io/grpc-max-message-size are read from it.",
)
@click.option("--max-body-mib", default=512, show_default=True, type=_AT_LEAST_ONE, help="Largest HTTP body.")
@click.option("--role", hidden=True)
def component(reference: str, log_level: str, role: str | None, **given: Any) -> None:
    debug = given["debug"] is not None or is_true(os.environ.get("SELDON_DEBUG"))
    configure_logs(log_level, debug)
    options = _options(reference, debug, given)
    if role is not None:
        return run.in_role(options, role)
    if given["tracing"] is not None or is_true(os.environ.get("TRACING")):
        log.warning("tracing is not supported; nothing is traced")
    run.command(options)


def configure_logs(level: str, debug: bool) -> None:
    """Log to standard error; SELDON_LOG_LEVEL wins over the flag.

    Raises:
        ServeGraphError: it is no level.
    """
    level = os.environ.get("SELDON_LOG_LEVEL", level).upper()
    if level not in logging.getLevelNamesMapping():
        raise ServeGraphError(f"SELDON_LOG_LEVEL is {level!r}", hint=f"set it to one of {', '.join(_LEVELS)}")
    logging.basicConfig(
        level="DEBUG" if debug else level, format="%(asctime)s %(levelname)s %(name)s [%(process)d]: %(message)s"
    )


def _options(reference: str, debug: bool, given: dict[str, Any]) -> ComponentOptions:
    environment = os.environ
    limits, problems = pod_limits(given["annotations_file"])
    for problem in problems:
        log.warning("%s", problem)
    one_thread = is_true(given["single_threaded"])
    return ComponentOptions(
        reference=reference,
        arguments=arguments_of(given["parameters"]),
        threads=1 if one_thread else given["threads"],
        grpc_threads=1 if one_thread else given["grpc_threads"],
        max_body=given["max_body_mib"] << 20,
        access_log=given["access_log"] is not None or is_true(environment.get("GUNICORN_ACCESS_LOG")),
        filter_metrics_access=is_true(environment.get("FILTER_METRICS_ACCESS_LOGS", str(not debug))),
        rest_timeout_s=whole_seconds(limits.rest_timeout_s),
        message_size=limits.grpc_max_message_size,
        unit=environment.get("PREDICTIVE_UNIT_ID", ""),
        image=environment.get("PREDICTIVE_UNIT_IMAGE", ""),
        metrics_path=environment.get("PREDICTIVE_UNIT_METRICS_ENDPOINT") or "/metrics",
        passthrough=is_true(environment.get("PAYLOAD_PASSTHROUGH")),
        rewards=environment.get("SELDON_EXECUTOR_ENABLED", "true").lower() != "false",
        include_metrics=environment.get("INCLUDE_METRICS_IN_CLIENT_RESPONSE", "true").lower() == "true",
        metadata=environment.get("MODEL_METADATA", ""),
        origin=origin_of(environment, str(os.getpid())),
        **{key: given[key] for key in _TAKEN_OVER},
    )
