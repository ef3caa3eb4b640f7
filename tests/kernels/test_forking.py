"""Kernels in forks of the process that has loaded them: nothing keeps them from working there."""

import os
import subprocess
import sys
import textwrap

SCRIPT = """
    import os
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from servegraph import kernels
    from servegraph.supervisor import lost_threads

    rows = np.random.default_rng(0).normal(size=(60, 3))
    forest = RandomForestClassifier(3, random_state=0).fit(rows, rows[:, 0] > 0)
    kernel = kernels.compile(forest, "predict_proba", rows=[rows])
    answers = kernel(rows)
    print(lost_threads(), flush=True)
    if os.fork() == 0:
        print(np.array_equal(kernel(rows), answers), flush=True)
        os._exit(0)
    os.wait()
"""


def test_kernel_starts_no_thread_and_works_in_a_fork() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**environment, "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.split() == ["0", "True"]
