"""Children that are forks of a process: what they share with it, and what they do not."""

import subprocess
import sys
import textwrap

SCRIPT = """
    import asyncio, os, signal, sys, threading, time
    from servegraph.supervisor import Mould, lost_threads
"""


def run(code: str) -> list[str]:
    """The lines that a script prints which may fork: this process has threads."""
    script = textwrap.dedent(SCRIPT) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_exit_code_and_signal_are_told() -> None:
    said = run("""
        async def main():
            mould = Mould()
            short = await mould.fork(lambda: 3)
            long = await mould.fork(lambda: time.sleep(60))
            print(await short.wait())
            long.terminate()
            print(await long.wait(), long.pid != os.getpid())
        asyncio.run(main())
    """)
    assert said == ["3", "-15 True"]


def test_fork_has_none_of_what_its_parent_opened_since_and_its_own_loop() -> None:
    said = run("""
        def work():
            async def main():
                await asyncio.sleep(0)
                return sorted(set(map(int, os.listdir("/dev/fd"))) & opened), os.getsid(0) == os.getpid()
            print(asyncio.run(main()), flush=True)
            return 0

        async def main():
            global opened
            kept = os.open("/dev/null", os.O_RDONLY)
            mould = Mould()
            opened = {os.dup2(kept, 100)}
            print(await (await mould.fork(work)).wait())
        asyncio.run(main())
    """)
    assert said == ["([], True)", "0"]


def test_what_a_fork_started_ends_with_it() -> None:
    said = run("""
        def work():
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
            print(pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        async def main():
            print(await (await Mould().fork(work)).wait())
        asyncio.run(main())
    """)
    started, code = said
    assert code == "-9"
    gone = subprocess.run(["ps", "-o", "stat=", "-p", started], capture_output=True, text=True, check=False).stdout
    assert gone.strip()[:1] in ("", "Z")


def test_forks_draw_different_numbers() -> None:
    said = run("""
        import random
        import numpy as np

        def work():
            print(random.random(), np.random.random(), flush=True)
            return 0

        async def main():
            mould = Mould()
            for _ in range(2):
                await (await mould.fork(work)).wait()
        asyncio.run(main())
    """)
    first, second = (line.split() for line in said)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_threads_are_counted_except_those_that_libraries_start_again() -> None:
    said = run("""
        import numpy as np
        matrix = np.ones((300, 300))
        matrix @ matrix
        print(lost_threads())
        threading.Thread(target=time.sleep, args=(0.1,)).start()
        print(lost_threads())
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        print(lost_threads())
    """)
    assert said == ["0", "0", "1"]
