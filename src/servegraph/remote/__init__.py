"""Components that run elsewhere: clients of Seldon's, Open Inference's and TensorFlow Serving's protocols.

`units` makes a graph's nodes callable over REST and gRPC, `OpenInferenceUnit` lets one of that protocol into a
graph of Seldon's; `Connections` holds what they share and must be closed; `was_sent` tells what became of a request
that failed. Nothing here serves requests or knows the shape of a graph.
"""

from servegraph.remote.connections import Connections
from servegraph.remote.delivery import was_sent
from servegraph.remote.open_inference_unit import OpenInferenceUnit
from servegraph.remote.protocols import RemoteProtocol
from servegraph.remote.timing import Timeouts
from servegraph.remote.units import units

__all__ = ["Connections", "OpenInferenceUnit", "RemoteProtocol", "Timeouts", "units", "was_sent"]
