"""Scripts that fork, in a process of their own: pytest's has threads (gRPC's among others) that no fork survives."""

import subprocess
import sys
import textwrap

SCRIPT = """
    import os
    from servegraph.shared import Board, Ledger

    def in_another_process(work):
        '''Do something in a fork, and see that it succeeds.'''
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                work()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
"""


def printed(code: str) -> list[str]:
    """The lines that a script prints which may fork."""
    script = textwrap.dedent(SCRIPT) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()
