"""Children to supervise, and waiting for what they do."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def writes_its_pid(path: Path, then: str = "import time; time.sleep(60)") -> list[str]:
    """A child that adds its process id to a file, then lives for a minute."""
    return python(f"import os; open({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n'); {then}")


async def until(path: Path, lines: int) -> list[int]:
    """The process ids in a file, once there are so many."""
    await until_true(lambda: path.exists() and len(path.read_text().split()) >= lines)
    return [int(word) for word in path.read_text().split()]


async def until_true(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, 9)
