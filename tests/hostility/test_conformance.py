"""The OpenAPI document of a graph that runs, held against what it answers, by schemathesis."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.running import Running

SETTINGS = """
[checks]  # the others ask for less leniency than Seldon's clients know
negative_data_rejection.enabled = false
positive_data_acceptance.enabled = false
missing_required_header.enabled = false
unsupported_method.enabled = false
allow_header_conformance.enabled = false

[[operations]]
include-operation-id-regex = "^node"
checks.not_a_server_error.enabled = false  # Seldon answers 500 for a node that is not there
"""


def test_answers_to_valid_and_invalid_requests_are_as_the_document_says(echo: Running, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    run = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{echo.url}/api/v1.0/doc/openapi.json",
            "--phases=examples,coverage,fuzzing",
            "--mode=all",
            "--max-examples=15",
            "--max-response-time=5",
            "--continue-on-failure",
            "--generation-deterministic",
            "--suppress-health-check=all",
            "--warnings=off",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert echo.process.poll() is None
