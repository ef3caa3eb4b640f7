"""A component over REST, one over gRPC, and what makes units for them."""

from collections.abc import AsyncIterator

import pytest
from tests.remote.components import Calls, Component, GrpcComponent, Maker, message_a

from servegraph.remote import Connections


@pytest.fixture
async def component() -> AsyncIterator[Component]:
    component = Component()
    await component.start()
    yield component
    await component.stop()


@pytest.fixture
def listener() -> Calls:
    return Calls()


@pytest.fixture
async def remote(listener: Calls) -> AsyncIterator[Maker]:
    connections = Connections(64 * 2**20)
    yield Maker(connections, listener)
    await connections.close()


@pytest.fixture
async def grpc_component() -> AsyncIterator[GrpcComponent]:
    component = GrpcComponent(message_a)
    await component.start()
    yield component
    await component.stop()
