"""Options that contradict each other; and help that comes at once."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from servegraph.cli.traffic import traffic


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--rows", "5", "--seconds", "1"],
            "--rows, --windows and --seconds each say how much to send: give one of them",
        ),
        (["--csv", "x.csv"], "--csv and --label go together: a table, and the column that is its label"),
        (["--rate", "0"], "Invalid value for '--rate': 0.0 is not in the range x>0."),
    ],
)
def test_wrong_options_are_refused_before_anything_is_looked_for(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(traffic, arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_help_imports_neither_numpy_nor_httpx() -> None:
    code = "import sys, servegraph.cli.traffic; print({'numpy', 'httpx', 'grpc', 'rich'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
