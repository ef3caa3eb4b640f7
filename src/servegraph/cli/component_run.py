"""Run a component server as its options say: in this process, or as the parent or child of others."""

import logging
import os
import sys

import uvloop

from servegraph.cli import component_link
from servegraph.cli.component_child import Role
from servegraph.cli.component_load import Loaded, loaded, make, service_of
from servegraph.cli.component_options import ComponentOptions
from servegraph.cli.component_parent import Parent, WorkerFailed
from servegraph.cli.component_ports import Ports, take_ports
from servegraph.cli.component_service import run_service
from servegraph.cli.component_worker import serve_alone, serve_worker


def command(options: ComponentOptions) -> None:
    """Serve until a signal comes.

    Raises:
        ServeGraphError: a port is in use, or the component cannot be loaded.
    """
    ports = take_ports(options)
    options.remember_process()
    try:
        hangs = _supervise(options, ports) if options.is_supervised else _serve(options, ports)
    finally:
        options.forget_process()
    if hangs:
        _leave()


def _serve(options: ComponentOptions, ports: Ports) -> bool:
    return uvloop.run(serve_alone(options, _component(options), ports))


def _supervise(options: ComponentOptions, ports: Ports) -> bool:
    try:
        uvloop.run(Parent(options, ports.http, ports.metrics).run())
    except WorkerFailed as failure:
        sys.exit(failure.code)
    return False


def in_role(options: ComponentOptions, text: str) -> None:
    """Be the child that the parent wants."""
    role = Role.parse(text)
    if role.service:
        service = service_of(make(options.reference, options.arguments))
        if service is not None:
            run_service(service, role.link)
        return
    line = component_link.inherited(role.link)
    if uvloop.run(serve_worker(options, _component(options), role, line)):
        _leave()


def _component(options: ComponentOptions) -> Loaded:
    return loaded(make(options.reference, options.arguments))


def _leave() -> None:
    """End without waiting for threads that hang."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
