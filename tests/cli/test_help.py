"""Help teaches by example, and costs next to nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.running import command

COMMANDS = (
    "up",
    "run",
    "train",
    "traffic",
    "status",
    "check",
    "explain",
    "show",
    "plan",
    "render",
    "dashboards",
    "trust",
    "pull",
    "executor",
    "component",
)
IMPORTED = """
import sys
from servegraph.cli import main

sys.argv = ["servegraph", "--help"]
try:
    main()
except SystemExit as end:
    assert end.code == 0
print(*sorted({"mlflow", "sklearn", "numpy", "alibi_detect", "granian", "grpc", "httpx", "rich"} & set(sys.modules)))
"""


def examples(text: str) -> list[str]:
    """The lines of a help text that can be pasted."""
    return [line.strip() for line in text.splitlines() if line.startswith("    servegraph ")]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_a_command_has_an_example(tmp_path: Path, name: str, option: str) -> None:
    done = command(tmp_path, name, option)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: servegraph {name} ")
    assert [line for line in examples(done.stdout) if line.split()[:2] == ["servegraph", name]]
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command_and_the_first_steps(tmp_path: Path) -> None:
    done = command(tmp_path, "--help")

    assert done.returncode == 0
    assert [line.split()[1] for line in examples(done.stdout)] == ["up", "traffic", "status", "render"]
    listed = done.stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed if line[2] != " "] == list(COMMANDS)
    assert "Exit codes: 0 all well;" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, timeout=30)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == ""


def test_version_is_told(tmp_path: Path) -> None:
    assert command(tmp_path, "--version").stdout == "servegraph, version 0.1.0\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve"], "No such command 'serve'."),
        (["run", "--port", "1"], "No such option"),
        (["run", "--http-port", "0"], "Invalid value for '--http-port': 0 is not in the range 1<=x<=65535."),
        (["traffic", "--rows", "1", "--windows", "1"], "--rows, --windows and --seconds each say how much to send"),
    ],
)
def test_wrong_call_exits_with_2_and_says_what_is_wrong(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = command(tmp_path, *arguments)

    assert done.returncode == 2
    assert f"Error: {told}" in done.stderr
    assert done.stdout == ""
