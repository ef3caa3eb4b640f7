"""Components that run elsewhere: clients of Seldon's, Open Inference's and TensorFlow Serving's protocols.

`units` makes a graph's nodes callable over REST and gRPC; `Connections` holds what they share and
must be closed; `was_sent` tells what became of a request that failed. Nothing here serves requests
or knows the shape of a graph.
"""

from servegraph.remote.connections import Connections
from servegraph.remote.delivery import was_sent
from servegraph.remote.protocols import RemoteProtocol
from servegraph.remote.timing import Timeouts
from servegraph.remote.units import units

__all__ = ["Connections", "RemoteProtocol", "Timeouts", "units", "was_sent"]
