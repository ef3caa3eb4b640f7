"""`servegraph executor`: Seldon's executor container, by the same flags and variables."""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import uvloop

from servegraph.cli.executor_session import ExecutorOptions, ExecutorSession
from servegraph.cli.predictor_source import read_predictor
from servegraph.errors import ConfigurationError
from servegraph.remote import RemoteProtocol
from servegraph.serving.server import Addresses, take_ports
from servegraph.spec.annotations import CallLimits, call_limits, parse_annotations

HELP = """Serve a predictor whose nodes run elsewhere: a drop-in for Seldon's executor.

\b
It takes the flags and variables that Seldon's operator gives its executor:
  ENGINE_PREDICTOR=$(base64 -w0 predictor.json) \\
    servegraph executor --sdep income --namespace ml --predictor main --http_port 8000 --grpc_port 5001
  servegraph executor --sdep income --namespace ml --predictor main --file deployment.yaml --protocol v2

\b
Each node of the graph is called at its `endpoint`: service_host, httpPort, grpcPort.
REST and gRPC clients are both served, whatever the nodes speak.

\b
Variables: ENGINE_PREDICTOR, REQUEST_LOGGER_DEFAULT_ENDPOINT, SELDON_ENABLE_ROUTING_INJECTION,
CORS_ALLOWED_ORIGINS, CORS_ALLOWED_HEADERS, SELDON_CERT_MOUNT_PATH, SELDON_CERT_FILE_NAME,
SELDON_CERT_KEY_FILE_NAME, SELDON_LOG_LEVEL."""

PROTOCOLS = ("seldon", "v2", "kfserving", "tensorflow")
_LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARNING": logging.WARNING, "WARN": logging.WARNING}
_LEVELS |= {"ERROR": logging.ERROR}


_KAFKA = ("broker", "input_topic", "output_topic", "full_graph", "workers", "auto_commit")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _duration(_context: click.Context, _option: click.Parameter, value: str) -> float:
    """Seconds, written as Go writes durations: `15s`, `1m30s`, `500ms`."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ms|s|m|h)", value)
    if value != "0" and "".join(number + unit for number, unit in parts) != value:
        raise click.BadParameter(f"{value!r} is no duration; write 15s, 500ms or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _switch(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A flag as Go's are: given alone, or with `=true` or `=false`."""
    return click.option(name, is_flag=False, flag_value="true", default="false", type=click.BOOL, help=text)


def _number(name: str, default: int, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A number above 0; a smaller one would mean "for ever" or "nothing", and counts as 1."""
    return click.option(name, default=default, show_default=True, type=click.IntRange(1, clamp=True), help=text)


def _ignored(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Flags of the original that may be given, and change nothing here."""

    def declare(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            command = click.option(name, hidden=True, is_flag=False, flag_value="true", expose_value=False)(command)
        return command

    return declare


class GoFlags(click.Command):
    """Takes `-sdep NAME` for `--sdep NAME`, as Go's programs do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f"-{word}" if re.match(r"-[a-z_]{2}", word) else word for word in args])


@click.command(help=HELP, cls=GoFlags)
@click.option("--sdep", required=True, help="Name of the SeldonDeployment.")
@click.option("--namespace", required=True, help="Its namespace.")
@click.option("--predictor", required=True, help="Name of the predictor.")
@click.option("--http_port", default=8080, show_default=True, type=click.IntRange(1, 65535))
@click.option("--grpc_port", default=5000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--protocol", default="seldon", show_default=True, type=click.Choice(PROTOCOLS))
@click.option("--transport", default="rest", type=click.Choice(["rest", "grpc"]), help="Accepted; both are served.")
@click.option("--prometheus_path", default="/metrics", show_default=True, help="Where metrics are scraped.")
@click.option("--server_type", default="rpc", type=click.Choice(["rpc", "kafka"]), help="Only rpc is served.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A SeldonDeployment.")
@click.option("--annotations_file", default=Path("/etc/podinfo/annotations"), type=click.Path(path_type=Path))
@click.option("--hostname", default="", help="Host in the source of logged events.")
@_number("--log_work_buffer_size", 10000, "Events that may wait for a sink.")
@_number("--log_write_timeout_ms", 2000, "What a sink may take for an event.")
@_number("--logger_workers", 10, "Events that are sent at the same time.")
@_switch("--full_health_checks", "Ask each node for its health, where /ready else only connects.")
@click.option("--graceful_timeout", default="15s", callback=_duration, help="What accepted requests get at the end.")
@click.option("--shutdown_delay", default="0s", callback=_duration, help="Wait this long before the end begins.")
@click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")
@_number("--max-body-mib", 256, "Largest body of a request.")
@_number("--max-requests", 1024, "Requests at once; more get 503.")
@_switch("--debug", "Log everything.")
@click.option("--log_level", default="", help="DEBUG, INFO, WARNING or ERROR; else SELDON_LOG_LEVEL.")
@_ignored("--config", "--log_kafka_topic", *(f"--kafka_{name}" for name in _KAFKA))
@click.option("--log_kafka_broker", hidden=True, default="")
def executor(  # one parameter for each flag of the original
    sdep: str,
    namespace: str,
    predictor: str,
    http_port: int,
    grpc_port: int,
    protocol: RemoteProtocol,
    transport: str,
    prometheus_path: str,
    server_type: str,
    file: Path | None,
    annotations_file: Path,
    hostname: str,
    log_work_buffer_size: int,
    log_write_timeout_ms: int,
    logger_workers: int,
    full_health_checks: bool,
    graceful_timeout: float,
    shutdown_delay: float,
    host: str,
    max_body_mib: int,
    max_requests: int,
    debug: bool,
    log_level: str,
    log_kafka_broker: str,
) -> None:
    if server_type == "kafka" or log_kafka_broker:
        raise ConfigurationError("Kafka is not served here", hint="use REST or gRPC, and an HTTP sink for logging")
    _configure_logs(log_level or os.environ.get("SELDON_LOG_LEVEL", "WARNING"), debug)
    spec = read_predictor(os.environ, file, predictor)
    options = ExecutorOptions(
        deployment=sdep,
        namespace=namespace,
        protocol=protocol,
        metrics_path=prometheus_path,
        hostname=hostname,
        log_queue=log_work_buffer_size,
        log_delivery_s=log_write_timeout_ms / 1000,
        log_workers=logger_workers,
        thorough_health=full_health_checks,
        drain_limit_s=graceful_timeout,
        shutdown_delay_s=shutdown_delay,
        max_body=max_body_mib * 2**20,
        max_requests=max_requests,
        limits=_limits(annotations_file),
    )
    ports = take_ports(Addresses(host, http_port, grpc_port))
    uvloop.run(ExecutorSession(spec, options, os.environ).run(ports))


def _configure_logs(level: str, debug: bool) -> None:
    number = logging.DEBUG if debug else _LEVELS.get(level.upper())
    if number is None:
        raise ConfigurationError(f"there is no log level {level!r}", hint=f"use one of {', '.join(_LEVELS)}")
    logging.basicConfig(level=number, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _limits(file: Path) -> CallLimits:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return CallLimits()
    limits, problems = call_limits(parse_annotations(text))
    for problem in problems:
        logging.getLogger(__name__).warning("%s", problem)
    return limits
