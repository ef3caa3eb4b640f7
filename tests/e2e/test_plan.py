"""`servegraph plan`, as a person and a pipeline call it."""

import json
import os
import shutil
from pathlib import Path

from tests.e2e.conftest import ROOT
from tests.e2e.running import Running, command

SCREENING = (ROOT / "manifests" / "screening.yaml").read_text(encoding="utf-8")


def write(folder: Path, name: str, *replacements: tuple[str, str]) -> Path:
    """The screening manifest with other words."""
    text = SCREENING
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_manifest_against_another_is_told_to_the_last_line(tmp_path: Path) -> None:
    write(tmp_path, "old.yaml")
    write(tmp_path, "new.yaml", ("value: '0.8'", "value: '0.5'"))
    done = command(tmp_path, "plan", "new.yaml", "--against", "old.yaml")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "screening: old.yaml -> new.yaml\n\n"
        "  + added   ~ changed   - removed   -/+ replaced\n\n"
        "    ~ node default/ab (RANDOM_ABTEST)\n"
        "        ~ parameters[ratioA]: 0.8 -> 0.5\n\n"
        "Under Seldon's operator:\n"
        "    ~ Deployment screening-default-0-scale-drift-logistic-boosting: rolling update "
        "(its engine carries the whole predictor)\n"
        "    * New pods are ready after 20 s at least, the delay of their probes, "
        "plus pulling images and downloading models. Old pods answer until then.\n"
        "    * Each Deployment that rolls needs room for one pod more, GPUs included: maxSurge is 25 %, rounded up.\n"
        "    * A few requests can fail as each old pod ends: its engine stops listening at once, "
        "while the Service still sends to it. What it has accepted it answers (15 s).\n\n"
        "On this machine (servegraph run):\n"
        "    * Restart it, it reads this at its start: node ab.\n"
        "    * Requests fail until it answers again. "
        "Feedback for earlier answers and the windows of detectors are lost.\n\n"
        "Plan: 0 to add, 1 to change, 0 to destroy.\n"
    )


def test_detailed_exit_code_tells_changes_from_errors(tmp_path: Path) -> None:
    old = write(tmp_path, "old.yaml")
    new = write(tmp_path, "new.yaml", ("replicas: 1", "replicas: 2"))

    def code(*arguments: str) -> int:
        return command(tmp_path, "plan", *arguments, "--detailed-exitcode").returncode

    assert code(str(old), "--against", str(old)) == 0
    assert code(str(new), "--against", str(old)) == 2
    assert code(str(new), "--against", "nowhere.yaml") == 1


def test_graph_with_aliases_is_what_was_rendered_from_it(trained_store: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{trained_store}/mlflow.db"}
    done = command(ROOT, "plan", "graphs/screening.py", "--against", "manifests/screening.yaml", env=environment)

    assert done.stdout == "screening: manifests/screening.yaml -> graphs/screening.py\n\nNo changes.\n"


def test_alias_that_cannot_be_resolved_is_compared_as_written_and_said(tmp_path: Path) -> None:
    write(tmp_path, "old.yaml")
    write(tmp_path, "new.yaml", ("models:/screening-logistic/1", "models:/screening-logistic@champion"))
    done = command(tmp_path, "plan", "new.yaml", "--against", "old.yaml")

    assert "        ~ modelUri: models:/screening-logistic/1 -> models:/screening-logistic@champion\n" in done.stdout
    assert "note: models:/screening-logistic@champion is compared as it is written: " in done.stderr


def test_manifest_of_the_project_is_the_other_side_when_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / ".servegraph").mkdir()
    nowhere = {"host": "127.0.0.1", "http_port": 9, "grpc_port": 9}  # the discard port: nobody answers there
    (tmp_path / ".servegraph" / "run.json").write_text(json.dumps(nowhere), encoding="utf-8")
    write(tmp_path, "manifests/screening.yaml")
    write(tmp_path, "new.yaml", ("value: '200'", "value: '300'"))
    done = command(tmp_path, "plan", "new.yaml", "--json")
    shutil.rmtree(tmp_path / "manifests")
    missing = command(tmp_path, "plan", "new.yaml")

    assert json.loads(done.stdout)["old"] == "manifests/screening.yaml"
    assert json.loads(done.stdout)["changes"] == [
        {
            "action": "~",
            "kind": "node",
            "name": "default/drift",
            "fields": [{"action": "~", "path": "parameters[window]", "old": "200", "new": "300"}],
        }
    ]
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: no screening runs here, and there is no ")


def test_what_runs_is_the_other_side_with_the_versions_that_are_loaded(screening: Running, tmp_path: Path) -> None:
    same = command(screening.project, "plan")
    new = write(tmp_path, "new.yaml", ("models:/screening-boosting/1", "models:/screening-boosting/2"))
    other = command(screening.project, "plan", str(new))

    assert same.stdout == f"screening: what runs at {screening.url} -> graphs/screening.py\n\nNo changes.\n"
    assert "        ~ modelUri: models:/screening-boosting/1 -> models:/screening-boosting/2\n" in other.stdout
