"""Children that are forks of this process: what it has loaded is in memory once, for all of them.

A fork has one thread. So the process that is forked must have no others (`lost_threads`), must start
none, and never initializes gRPC; its children do what needs threads.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from servegraph.supervisor import tether

ENDED_BADLY = 70  # EX_SOFTWARE of sysexits.h
ENDING_S = 0.5  # what threads get that are ending already
POLL_S = 0.05  # where the kernel does not say when a process or a thread ends
_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_THREADS = Path("/proc/self/task")
_DESCRIPTORS = Path("/dev/fd")
_MINDS_FORKS = frozenset({"jemalloc_bg_thd"})  # threads of libraries that start them again

Main = Callable[[], int]
"""What a fork does; its exit code is returned."""


def lost_threads() -> int:
    """Threads of this process that a fork would be without; libraries that wait for one would hang."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it warns of such threads
        pid = os.fork()  # some libraries end their threads now, and start them when they are needed again
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    latest = monotonic() + ENDING_S
    while (count := _other_threads()) and monotonic() < latest:
        sleep(POLL_S)
    return count


def _other_threads() -> int:
    if not _THREADS.exists():
        return threading.active_count() - 1
    names = [_name(thread) for thread in _THREADS.iterdir()]
    return len(names) - 1 - sum(name in _MINDS_FORKS for name in names)


def _name(thread: Path) -> str:
    try:
        return (thread / "comm").read_text().strip()
    except OSError:
        return ""


class Mould:
    """This process as it is now, for forks of it."""

    def __init__(self) -> None:
        # The collector writes into what it looks at; from now on it leaves alone what all have in common.
        gc.collect()
        gc.freeze()
        self._descriptors = _descriptors()

    async def fork(self, main: Main) -> "Fork":
        """Start a child that does `main` and nothing else.

        Raises:
            OSError: the machine has no room for another process.
        """
        parent = os.getpid()
        _flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # the child has our handlers, and they would do nothing
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(parent, main)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return Fork(pid)

    def _be_child(self, parent: int, main: Main) -> None:
        code = ENDED_BADLY
        try:
            tether.die_with_parent()
            if os.getppid() != parent:
                return
            os.setsid()  # a Ctrl-C at the terminal reaches the parent alone, which ends us
            _hear_signals()
            self._close_others()
            _draw_anew()
            code = main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else ENDED_BADLY
        except BaseException:
            traceback.print_exc()
        finally:
            logging.shutdown()
            _flush()
            os._exit(code)  # what is above us on the stack is the parent's

    def _close_others(self) -> None:
        """Close what the parent has opened for itself since: its event loop's, and its ends of other pipes."""
        for descriptor in _descriptors() - self._descriptors:
            with suppress(OSError):
                os.close(descriptor)


class Fork:
    """Implements `Child`: a running fork, in a session and process group of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    async def wait(self) -> int:
        await self._until_it_ends()
        _, status = os.waitpid(self.pid, 0)
        self._code = os.waitstatus_to_exitcode(status)
        self._signal(os.killpg, signal.SIGKILL)
        return self._code

    async def _until_it_ends(self) -> None:
        try:
            handle = os.pidfd_open(self.pid)
        except (AttributeError, OSError):
            while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                await asyncio.sleep(POLL_S)
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(handle, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def terminate(self) -> None:
        if self._code is None:
            self._signal(os.kill, signal.SIGTERM)

    def terminate_all(self) -> None:
        if self._code is None:
            self._signal(os.killpg, signal.SIGTERM)

    def kill(self) -> None:
        if self._code is None:
            self._signal(os.killpg, signal.SIGKILL)

    def _signal(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            send(self.pid, number)


def _descriptors() -> frozenset[int]:
    names = os.listdir(_DESCRIPTORS)  # that of the list itself is among them, and closed by now
    return frozenset(int(name) for name in names if _is_open(int(name)))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _hear_signals() -> None:
    """A signal ends us until `main` makes something else of it."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _draw_anew() -> None:
    """Give NumPy's random numbers a new start, as Python gives its own: forks shall not draw the same."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
