"""The plugin that makes a skip fail in CI, in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SUITE = """
import pytest

@pytest.mark.skip(reason="no prometheus here")
def test_skipped(): ...

@pytest.mark.xfail(strict=True, reason="known")
def test_expected_to_fail():
    assert False

def test_passes(): ...
"""


def closing_lines(tmp_path: Path, suite: str, ci: str) -> list[str]:
    tmp_path.joinpath("test_suite.py").write_text(suite)
    environ = {
        **os.environ,
        "CI": ci,
        "PYTHONPATH": str(ROOT / "tests" / "plugins"),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "no_skips"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines()


def test_skip_is_a_failure_with_its_reason_in_ci(tmp_path: Path) -> None:
    lines = closing_lines(tmp_path, SUITE, ci="true")

    assert "skipped, and with CI=true every test runs. Skipped: no prometheus here" in lines
    assert lines[-1].startswith("1 passed, 1 xfailed, 1 error in ")


def test_skipped_module_is_an_error_in_ci(tmp_path: Path) -> None:
    lines = closing_lines(tmp_path, "import pytest\npytest.importorskip('no_such_library')\n", ci="true")

    assert lines[-1].startswith("1 error in ")


def test_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    lines = closing_lines(tmp_path, SUITE, ci="false")

    assert lines[-1].startswith("1 passed, 1 skipped, 1 xfailed in ")
