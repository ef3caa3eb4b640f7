"""Child processes: started in order, watched, started again when they die, ended cleanly.

Nothing here knows what the children do.
"""

from servegraph.supervisor.fork import Mould, lost_threads
from servegraph.supervisor.group import Group
from servegraph.supervisor.output import Echo, to_stderr
from servegraph.supervisor.ports import PortReserve
from servegraph.supervisor.priority import stand_back
from servegraph.supervisor.process import Command
from servegraph.supervisor.supervisor import Backoff, Ready, Supervisor

__all__ = [
    "Backoff",
    "Command",
    "Echo",
    "Group",
    "Mould",
    "PortReserve",
    "Ready",
    "Supervisor",
    "lost_threads",
    "stand_back",
    "to_stderr",
]
