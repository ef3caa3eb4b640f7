"""tools/setup.py as a person meets it: run in a copy of what it reads, with fake tools, without a network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# An interpreter that says its version, makes a "venv" that holds itself, and notes what it was asked.
FAKE_PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c "*) echo "9.9 $0" ;;
  "-m venv") mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; cp "$0" "$4/bin/uv"; rm -f "$4/leftover" ;;
esac
[ "$1" = -c ] || echo "$*" >> calls
[ ! -e broken-"$1" ] || { echo "no such host"; exit 7; }
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project that wants Python 9.9, without a network."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements").mkdir()
    for name in (".python-version", "pyproject.toml", "requirements/dev.txt", "requirements/uv.txt"):
        (root / name).write_text("9.9\n")
    return root


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The fake interpreter, on PATH."""
    path = tmp_path / "bin" / "python9.9"
    path.parent.mkdir()
    path.write_text(FAKE_PYTHON)
    path.chmod(0o755)
    return path


def run_setup(root: Path) -> subprocess.CompletedProcess[str]:
    environ = {
        "HOME": str(root),
        "PATH": os.pathsep.join([str(root.parent / "bin"), "/usr/bin", "/bin"]),
        "SERVEGRAPH_NO_APT": "1",
    }
    command = [sys.executable, "-B", "tools/setup.py"]
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=60)


def calls(root: Path) -> list[str]:
    noted = root / "calls"
    lines = noted.read_text().replace(f"{root}/", "").splitlines() if noted.exists() else []
    noted.unlink(missing_ok=True)
    return lines


MAKE = [
    "-m venv --clear .venv",
    "-m pip install --no-input --only-binary :all: --require-hashes -r requirements/uv.txt",
]
FILL = [
    "pip sync --python .venv/bin/python --require-hashes requirements/dev.txt",
    "pip install --python .venv/bin/python --no-deps --no-build-isolation --editable .",
]


def test_no_python_is_exit_code_3_and_one_sentence(checkout: Path) -> None:
    done = run_setup(checkout)

    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("servegraph needs Python 9.9, and neither pyenv, PATH nor uv has it: ")
    assert not (checkout / ".venv").exists()


@pytest.mark.usefixtures("python")
def test_first_run_makes_and_fills_and_the_second_does_nothing(checkout: Path) -> None:
    first = run_setup(checkout)
    assert first.returncode == 0, first.stderr
    assert calls(checkout) == MAKE + FILL

    second = run_setup(checkout)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert calls(checkout) == []


@pytest.mark.usefixtures("python")
def test_changed_lock_updates_the_packages_only(checkout: Path) -> None:
    run_setup(checkout)
    calls(checkout)

    (checkout / "requirements/dev.txt").write_text("changed\n")

    assert run_setup(checkout).returncode == 0
    assert calls(checkout) == FILL


@pytest.mark.usefixtures("python")
def test_half_made_venv_is_made_anew(checkout: Path) -> None:
    run_setup(checkout)
    calls(checkout)
    (checkout / ".venv" / "setup.json").unlink()
    (checkout / ".venv" / "leftover").touch()

    assert run_setup(checkout).returncode == 0
    assert calls(checkout) == MAKE + FILL
    assert not (checkout / ".venv" / "leftover").exists()


@pytest.mark.usefixtures("python")
def test_moved_checkout_is_made_anew(checkout: Path) -> None:
    run_setup(checkout)
    moved = checkout.rename(checkout.parent / "moved")
    calls(moved)

    assert run_setup(moved).returncode == 0
    assert calls(moved) == MAKE + FILL


@pytest.mark.usefixtures("python")
def test_link_in_place_of_the_venv_is_refused_and_what_it_names_is_left_alone(checkout: Path) -> None:
    elsewhere = checkout.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (checkout / ".venv").symlink_to(elsewhere)

    done = run_setup(checkout)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"setup: .venv is a link to {elsewhere}: remove the link.\n"
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


@pytest.mark.usefixtures("python")
def test_failing_tool_shows_its_output_then_the_fix_and_leaves_no_stamp(checkout: Path) -> None:
    run_setup(checkout)
    (checkout / "requirements/dev.txt").write_text("changed\n")
    (checkout / "broken-pip").touch()

    done = run_setup(checkout)

    assert done.returncode == 3
    assert done.stdout == "setup: packages of requirements/dev.txt ... failed\n"
    assert done.stderr.splitlines()[0] == "no such host"
    assert done.stderr.splitlines()[-1].endswith(
        "failed: check the network and the package index, then run `make setup` again."
    )
    assert not (checkout / ".venv" / "setup.json").exists()


@pytest.mark.usefixtures("python")
def test_each_step_is_one_line_with_its_seconds(checkout: Path) -> None:
    steps = [line.rpartition(" ... ") for line in run_setup(checkout).stdout.splitlines() if " ... " in line]

    assert [what for what, _, _ in steps] == [
        f"setup: virtual environment of {checkout.parent}/bin/python9.9",
        "setup: uv",
        "setup: packages of requirements/dev.txt",
        "setup: servegraph itself, editable",
    ]
    assert all(seconds.endswith(" s") and float(seconds[:-2]) >= 0 for _, _, seconds in steps)


@pytest.mark.usefixtures("python")
def test_unreadable_stamp_is_no_stamp(checkout: Path) -> None:
    run_setup(checkout)
    calls(checkout)
    (checkout / ".venv" / "setup.json").write_text(json.dumps({"make": "x"})[:-3])

    assert run_setup(checkout).returncode == 0
    assert calls(checkout) == MAKE + FILL
