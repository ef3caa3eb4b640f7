"""The written files: the same bytes each time, and accepted by Prometheus."""

import subprocess
from pathlib import Path

import pytest

from servegraph.errors import EnvironmentFault
from servegraph.observe.files import write_monitoring

COMMITTED = Path(__file__).parents[2] / "manifests" / "monitoring"
NAMES = ["screening-dashboard.json", "screening-rules.yaml", "prometheus.yml"]


def test_written_files_are_the_committed_ones(tmp_path: Path) -> None:
    written = write_monitoring(tmp_path / "new", "screening")
    assert written == [tmp_path / "new" / name for name in NAMES]
    for path in written:
        assert path.read_bytes() == (COMMITTED / path.name).read_bytes(), "run `servegraph dashboards`"


def test_deployments_share_one_prometheus(tmp_path: Path) -> None:
    first = write_monitoring(tmp_path, "screening")[2].read_bytes()
    second = write_monitoring(tmp_path, "fraud")[2].read_bytes()
    assert first == second
    assert len(list(tmp_path.iterdir())) == 5


def test_promtool_accepts_the_configuration_and_its_rules(promtool: str, tmp_path: Path) -> None:
    _, _, config = write_monitoring(tmp_path, "screening")
    checked = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stderr
    assert "SUCCESS: 9 rules found" in checked.stdout


def test_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot write the monitoring files") as raised:
        write_monitoring(tmp_path / "file" / "below", "screening")
    assert raised.value.hint == "choose a folder you may write to"
