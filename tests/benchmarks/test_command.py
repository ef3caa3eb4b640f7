"""`python benchmarks` as people call it."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(BENCHMARKS), *arguments], capture_output=True, text=True, timeout=60)


def test_list_names_scenarios_and_contenders():
    done = command("--list")
    assert done.returncode == 0, done.stderr
    lines = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    wanted = {
        "bar",
        "off",
        "workers",
        "watched",
        "large",
        "rows",
        "wide",
        "us",
        "us-split",
        "by-hand",
        "fastapi-sklearn",
    }
    assert wanted <= set(lines)


def test_list_of_a_part_is_that_part():
    done = command("--list", "--scenario", "off", "--only", "us-off")
    assert done.stdout.splitlines() == [
        "off  The same without acceleration: scikit-learn computes",
        "    rest c=1, rest c=16",
        "    us-off           servegraph, acceleration off",
    ]


def test_an_unknown_name_is_refused_with_the_known_ones():
    done = command("--only", "us,nobody")
    assert done.returncode == 2
    assert "there is no nobody, but by-hand, fastapi-onnx" in " ".join(done.stderr.split())


def test_a_time_that_is_none_is_refused():
    assert command("--seconds", "-1").returncode == 2
    assert command("--soak", "0").returncode == 2
