"""`servegraph show`, as a person calls it."""

import os
import shutil
from pathlib import Path
from xml.etree import ElementTree

from tests.e2e.running import command

ROOT = Path(__file__).parents[2]
TREE = """\
screening
└── predictor default  100%
    └── scale  TRANSFORMER  screening-scaler@champion → v1  servegraph/screening:0.1.0
        └── drift  TRANSFORMER  screening-drift-reference@champion → v1  servegraph/screening:0.1.0
            └── ab  RANDOM_ABTEST
                ├── 80%  logistic  MODEL  screening-logistic@champion → v1  servegraph/screening:0.1.0
                └── 20%  boosting  MODEL  screening-boosting@champion → v1  servegraph/screening:0.1.0
"""


def test_tree_has_the_versions_of_the_registry(trained_store: Path) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{trained_store}/mlflow.db"}
    shown = command(ROOT, "show", "graphs/screening.py", env=environment)

    assert (shown.returncode, shown.stdout, shown.stderr) == (0, TREE, "")


def test_manifest_is_shown_anywhere_with_its_artifacts_as_written(tmp_path: Path) -> None:
    shutil.copy(ROOT / "manifests" / "ensemble.yaml", tmp_path)
    shown = command(tmp_path, "show", "ensemble.yaml")

    assert shown.stderr == ""
    assert "    └── scale  TRANSFORMER  models:/screening-scaler/1  servegraph/screening:0.1.0\n" in shown.stdout


def test_picture_is_written_or_printed(tmp_path: Path) -> None:
    manifest = str(ROOT / "manifests" / "ensemble.yaml")
    written = command(tmp_path, "show", manifest, "--svg", "docs/ensemble.svg")
    printed = command(tmp_path, "show", manifest, "--svg", "-")

    assert written.stdout == "wrote docs/ensemble.svg\n"
    assert (tmp_path / "docs" / "ensemble.svg").read_text(encoding="utf-8") == printed.stdout
    assert ElementTree.fromstring(printed.stdout).tag == "{http://www.w3.org/2000/svg}svg"


def test_predictor_that_is_not_there_is_told(tmp_path: Path) -> None:
    shown = command(tmp_path, "show", str(ROOT / "manifests" / "ensemble.yaml"), "--predictor", "canary")

    assert shown.returncode == 2
    assert shown.stderr == "error: ensemble has no predictor 'canary'\nhint: it has: default\n"
