"""What the processes of one run share: numbers, and the record of predictions. One process may have it for itself.

Memory that is made before workers are forked, in which each writes its own place and everybody reads
all. Nothing is sent, and nobody waits for anybody: a worker that hangs or is killed leaves what it
wrote. Nothing here knows what the numbers mean.
"""

from servegraph.shared.board import Board, Place
from servegraph.shared.ledger import Ledger, Record

__all__ = ["Board", "Ledger", "Place", "Record"]
