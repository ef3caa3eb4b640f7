"""The OpenAPI document of a graph that runs, held against what it answers, by schemathesis."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.running import Running

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def test_answers_to_valid_and_invalid_requests_are_as_the_document_says(echo: Running, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "run",
            f"{echo.url}/api/v1.0/doc/openapi.json",
            f"--checks={','.join(CHECKS)}",
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

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    assert echo.process.poll() is None
    assert "Traceback" not in echo.output
