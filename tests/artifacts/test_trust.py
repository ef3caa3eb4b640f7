"""Approvals are of content, are kept in a file that people can edit, and are shown before they are given."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

from servegraph.artifacts.contents import contents, imported
from servegraph.artifacts.folder import digest
from servegraph.artifacts.trust import Trust, approve, approved, read_trust, revoke
from servegraph.cli.trust import trust
from servegraph.errors import ArtifactRefused, ConfigurationError

ONE, TWO = "1" * 64, "12345678" + "2" * 56


def test_approvals_are_read_back(tmp_path: Path) -> None:
    file = tmp_path / "trusted.toml"
    approve(file, ONE, 'models:/"churn"/3')
    approve(file, TWO, "folder")
    assert read_trust(file, ["a.B"]) == Trust(frozenset((ONE, TWO)), frozenset(("a.B",)))
    assert approved(file)[ONE] == 'models:/"churn"/3'
    assert file.read_text().splitlines()[1:] == [f'"{ONE}" = "models:/\\"churn\\"/3"', f'"{TWO}" = "folder"']
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trusted.toml"]


@pytest.mark.parametrize("said", [TWO, TWO[:8], "folder"])
def test_approvals_are_taken_back_by_digest_or_name(tmp_path: Path, said: str) -> None:
    file = tmp_path / "trusted.toml"
    approve(file, ONE, "other")
    approve(file, TWO, "folder")
    assert revoke(file, said) == [TWO]
    assert read_trust(file).digests == {ONE}
    assert revoke(file, "1234") == []


def test_approvals_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "trusted.toml"
    digests = [f"{number:064x}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda found: approve(file, found, "m"), digests))
    assert read_trust(file).digests == set(digests)


def test_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "trusted.toml").write_text("no")
    with pytest.raises(ConfigurationError, match="is no TOML"):
        read_trust(tmp_path / "trusted.toml")


def test_folder_that_is_a_link_is_not_covered_by_a_digest(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "artifact", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "code").symlink_to(elsewhere)
    trust = Trust(frozenset((digest(folder),)))
    assert not trust.covers(folder)
    with pytest.raises(ArtifactRefused, match="'code' is a link"):
        trust.demand(folder, "it runs code")


class Trap:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("protocol", range(6))
def test_imports_of_a_pickle_are_found_without_running_it(tmp_path: Path, protocol: int) -> None:
    assert imported(pickle.dumps(Trap(tmp_path / "marker"), protocol)) == (("posix.system",), True)
    assert not (tmp_path / "marker").exists()


def test_imports_of_joblib_are_found_up_to_the_first_array(tmp_path: Path) -> None:
    joblib.dump(LinearRegression().fit(np.eye(3), [1, 2, 3]), tmp_path / "model.joblib")
    names, is_complete = imported((tmp_path / "model.joblib").read_bytes())
    assert names[0] == "sklearn.linear_model._base.LinearRegression"
    assert not is_complete


def test_contents_are_told_by_what_they_run(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {}")
    (tmp_path / "code.py").write_text("raise SystemExit")
    (tmp_path / "weights.bin").write_bytes(pickle.dumps(Trap(tmp_path / "marker")))
    found = [(content.name, content.format, content.runs_code) for content in contents(tmp_path)]
    assert found == [("code.py", "code", True), ("weights.bin", "pickle", True), ("MLmodel", "data", False)]
    assert not (tmp_path / "marker").exists()


MANIFEST = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {{name: churn}}
spec:
  predictors:
  - name: main
    graph:
      name: churn
      implementation: SKLEARN_SERVER
      modelUri: {uri}
"""


def test_command_looks_approves_lists_and_revokes(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "model.pkl").write_bytes(pickle.dumps(Trap(tmp_path / "marker")))
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    manifest = tmp_path / "churn.yaml"
    manifest.write_text(MANIFEST.format(uri=folder))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(trust, ["--project", str(tmp_path), *arguments])
        return done.exit_code, done.output

    assert run(str(manifest)) == (1, f"● {folder}  model.pkl not approved: servegraph trust {folder}\n")
    status, text = run(str(folder))
    assert status == 0
    assert "posix.system" in text
    assert f"approved in {tmp_path / 'trusted.toml'}" in text
    assert run(str(manifest)) == (0, f"● {folder}  approved\n")
    assert run("--list") == (0, f"{digest(folder)[:12]}  {folder}\n")
    assert run("--revoke", str(folder)) == (0, f"revoked {digest(folder)[:12]}\n")
    assert run("--revoke", str(folder))[0] != 0
    assert run("--list") == (0, "")
    assert not (tmp_path / "marker").exists()
