"""Child processes of a component server: the same command again, with a role."""

import asyncio
import json
import logging
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass

from servegraph.cli import component_link
from servegraph.cli.component_link import Link

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """What a child process is for.

    Attributes:
        link, http: file descriptors of its line to the parent, and of the HTTP port if it serves that.
        grpc: whether it serves gRPC.
        service: whether it runs the component's `custom_service` and nothing else.
    """

    link: int
    http: int | None = None
    grpc: bool = False
    service: bool = False

    @classmethod
    def parse(cls, text: str) -> "Role":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Child:
    """A running child, and our end of the line to it."""

    process: asyncio.subprocess.Process
    link: Link


async def start(http: int | None = None, grpc: bool = False, service: bool = False) -> Child:
    """Run this very command line as a child with a role."""
    ours, theirs = component_link.pair()
    role = Role(theirs.fileno(), http, grpc, service)
    # -P: the folder that we are in must not come before what is installed.
    command = [sys.executable, "-P", "-m", "servegraph.cli", *sys.argv[1:], "--role", json.dumps(asdict(role))]
    passed = (role.link,) if http is None else (role.link, http)
    try:
        # Its own session: a Ctrl-C at the terminal reaches us alone, and we end the child when we are done.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, pass_fds=passed, start_new_session=True
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return Child(process, ours)


async def end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """SIGTERM, and SIGKILL if that does not help."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        log.warning("process %d does not end; it is killed", process.pid)
        process.kill()
        await process.wait()
