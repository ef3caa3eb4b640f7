"""How long `servegraph check` takes for 300 manifests: `python benchmarks/check.py`, through the real command, warm.

The manifests are the examples of the rules, again and again, each in a file of its own.
"""

import subprocess
import sys
import tempfile
from importlib.resources import files
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

COUNT = 300
LIMIT_S = 3.0


def examples() -> list[str]:
    """The broken and repaired example of every rule."""
    folders = sorted((files("servegraph.check") / "examples").iterdir(), key=lambda folder: folder.name)
    return [
        (folder / name).read_text(encoding="utf-8") for folder in folders for name in ("broken.yaml", "repaired.yaml")
    ]


def seconds(folder: Path) -> float:
    """One run over a folder, the start of Python included."""
    started = perf_counter()
    call = [str(Path(sys.executable).parent / "servegraph"), "check", str(folder)]
    done = subprocess.run(call, stdout=subprocess.DEVNULL, check=False)
    assert done.returncode == 1, "the examples have errors"
    return perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(islice(cycle(examples()), COUNT)):
            Path(folder, f"{number:03}.yaml").write_text(text, encoding="utf-8")
        seconds(Path(folder))
        runs = sorted(seconds(Path(folder)) for _ in range(5))
    print(f"{COUNT} manifests: best {runs[0]:.2f} s, median {runs[2]:.2f} s, limit {LIMIT_S} s")
    sys.exit(runs[2] > LIMIT_S)


if __name__ == "__main__":
    main()
