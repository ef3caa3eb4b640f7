"""Ports for servers of tests."""

from servegraph.supervisor.ports import PortReserve

HELD = PortReserve()
"""What the test that runs has asked for, so that no other test gets it before a server listens there."""


def free_port() -> int:
    """A port of 127.0.0.1 that is free for a server, and for nobody else, until the test ends."""
    return HELD.take()
