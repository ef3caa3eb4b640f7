"""`servegraph check` and `servegraph explain`: what they look at, what they print, how they end."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.e2e.conftest import ROOT

from servegraph.check.pages import markdown
from servegraph.cli.check import check
from servegraph.cli.explain import explain
from servegraph.errors import ConfigurationError

CLEAN = """\
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata:
  name: churn
spec:
  predictors:
  - name: default
    replicas: 1
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models/churn/1
"""
WARNED = CLEAN.replace("replicas", "replica")
BROKEN = CLEAN.replace("name: churn", "name: Churn_")
GRAPH = """\
from servegraph.graph import deployment, model

graph = deployment("churn", model("classifier", "models.churn:Churn"), image="registry/churn:1")
"""

Check = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run `servegraph check` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, text: str | None = None) -> Result:
        return CliRunner().invoke(check, arguments, input=text)

    return command


def codes(result: Result) -> list[tuple[str, str]]:
    return [(each["file"], each["code"]) for each in json.loads(result.stdout)]


def test_clean_file_is_one_line_and_zero(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_text(CLEAN)
    result = run("a.yaml", "--ignore", "SG3")
    assert (result.exit_code, result.output) == (0, "1 file, no findings\n")
    assert run("a.yaml", "--ignore", "SG3", "-q").output == ""


def test_errors_are_one_and_warnings_are_zero(run: Check, tmp_path: Path):
    (tmp_path / "broken.yaml").write_text(BROKEN)
    (tmp_path / "warned.yaml").write_text(WARNED)
    assert run("broken.yaml").exit_code == 1
    assert run("warned.yaml").exit_code == 0
    assert run("warned.yaml", "--strict").exit_code == 1
    assert run("broken.yaml", "--ignore", "SG107").exit_code == 0
    assert run("broken.yaml", "--select", "SG104,SG2").exit_code == 0


def test_folder_is_searched_for_deployments(run: Check, tmp_path: Path):
    for name in ("b/x.yaml", "b/a/y.yml", "b/z.json", "b/.git/q.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(WARNED)
    (tmp_path / "b" / "service.yaml").write_text("kind: Service\n")
    (tmp_path / "b" / "chart.yaml").write_text("{{- if .Values.x }}\nkind: {{ x }}\n")
    result = run("--format", "json", "b", "--select", "SG104")
    assert codes(result) == [("b/x.yaml", "SG104"), ("b/z.json", "SG104"), ("b/a/y.yml", "SG104")]
    assert result.exit_code == 0


def test_missing_file_is_two_and_the_others_are_checked(run: Check, tmp_path: Path):
    (tmp_path / "broken.yaml").write_text(BROKEN)
    result = run("none.yaml", "broken.yaml", "--format", "json", "--select", "SG107")
    assert result.exit_code == 2
    assert codes(result) == [("broken.yaml", "SG107")]
    assert result.stderr == "error: there is no file none.yaml\nhint: check the path\n"


def test_findings_follow_the_order_of_the_files(run: Check, tmp_path: Path):
    for name in ("b.yaml", "a.yaml"):
        (tmp_path / name).write_text(BROKEN + "---\n" + WARNED)
    result = run("b.yaml", "a.yaml", "b.yaml", "--format", "json", "--select", "SG107,SG104")
    assert codes(result) == [("b.yaml", "SG107"), ("b.yaml", "SG104"), ("a.yaml", "SG107"), ("a.yaml", "SG104")]


def test_standard_input_is_checked(run: Check):
    result = run("-", "--format", "json", "--select", "SG107", text=BROKEN)
    assert codes(result) == [("<stdin>", "SG107")]


def test_unknown_rule_is_a_wrong_call(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_text(CLEAN)
    for option in ("--select", "--ignore"):
        error = run("a.yaml", option, "SG910").exception
        assert isinstance(error, ConfigurationError)
        assert str(error) == "there is no rule SG910"
        assert error.hint is not None


def test_nothing_to_check_is_a_wrong_call(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_text("kind: Service\n")
    (tmp_path / "b.yaml").write_text(CLEAN)
    (tmp_path / "empty").mkdir()
    assert run("a.yaml").exit_code == 2
    assert run("empty").exit_code == 2
    result = run("a.yaml", "b.yaml")
    assert result.exit_code == 0
    assert result.stderr == "a.yaml holds no SeldonDeployment\n"


def test_file_that_is_no_text_is_an_error_of_its_own(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_bytes(b"a: 1\nkind: SeldonDeployment\xff\n")
    result = run("a.yaml", "--format", "json")
    assert (result.exit_code, codes(result)) == (1, [("a.yaml", "SG100")])
    assert json.loads(result.stdout)[0]["line"] == 2


def test_fix_rewrites_the_file_and_says_so(run: Check, tmp_path: Path):
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + WARNED.replace("\n", "\r\n").encode())
    result = run("a.yaml", "--fix", "--select", "SG104")
    assert file.read_bytes() == b"\xef\xbb\xbf" + CLEAN.replace("\n", "\r\n").encode()
    assert result.output == (
        "fixed[SG104] a.yaml:8: spec.predictors[0].replica is now called replicas\n1 fixed, 1 file, no findings\n"
    )
    assert run("a.yaml", "--fix", "--select", "SG104").output == "1 file, no findings\n"


def test_fix_of_a_rule_that_is_not_asked_for_changes_nothing(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_text(WARNED)
    run("a.yaml", "--fix", "--ignore", "SG104")
    assert (tmp_path / "a.yaml").read_text() == WARNED


def test_fix_of_standard_input_is_a_wrong_call(run: Check):
    assert isinstance(run("-", "--fix", text=WARNED).exception, ConfigurationError)


def test_server_of_the_cluster_is_known(run: Check, tmp_path: Path):
    (tmp_path / "a.yaml").write_text(CLEAN.replace("SKLEARN_SERVER", "LIGHTGBM_SERVER"))
    assert codes(run("a.yaml", "--format", "json", "--select", "SG214")) == [("a.yaml", "SG214")]
    assert codes(run("a.yaml", "--format", "json", "--select", "SG214", "--server", "LIGHTGBM_SERVER")) == []


def test_project_alone_checks_its_graph_and_manifests(run: Check, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.servegraph]\ngraph = "graphs/churn.py"\n')
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "churn.py").write_text(GRAPH)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "churn.yaml").write_text(WARNED)
    result = run("--select", "SG104")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "1 warning in 2 files (" + result.output.splitlines()[-1].split(" (")[1]


def test_outside_of_a_project_a_path_must_be_named(run: Check):
    assert isinstance(run().exception, ConfigurationError)


def explained(*arguments: str) -> Result:
    return CliRunner().invoke(explain, arguments)


def test_explain_shows_why_and_how():
    said = explained("sg104", "SG102").output
    assert said.startswith("warning[SG104]: A field that does not exist\n\nThe resource has no such field.")
    assert "- " in said
    assert "`servegraph check --fix` does exactly this." in said
    assert "\nerror[SG102]: A value of the wrong type\n" in said


def test_explain_alone_lists_all_rules():
    lines = explained().output.splitlines()
    assert lines[0] == "Schema: what the API server refuses, or drops"
    assert "  SG101  error    A required field is missing" in lines


def test_explain_of_no_rule_names_near_ones():
    error = explained("SG1O1").exception
    assert isinstance(error, ConfigurationError)
    assert str(error) == "there is no rule SG1O1"
    assert "SG101" in str(error.hint)


def test_page_of_rules_is_up_to_date():
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == markdown(), "run `make manifests`"


def test_check_imports_nothing_heavy():
    code = "import sys; from servegraph.cli.check import check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "mlflow", "granian", "grpc", "aiohttp", "rich", "orjson", "httpx"}
    assert heavy & set(done.stdout.split()) == set()


TWO_NODES = """
from servegraph.graph import deployment, model, transformer

scale = transformer("scale", "steps:Scale", accelerate={})
churn = model("churn", "models.churn:Churn", accelerate={})

graph = deployment("churn", scale >> churn, image="registry/churn:1")
"""


def test_what_is_wrong_at_two_nodes_alike_is_found_at_each(run: Check, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    graph = tmp_path / "churn.py"
    graph.write_text(TWO_NODES.format(*['"quick"'] * 2))
    said = run("churn.py").stdout
    assert re.findall(r"node '(.*)': .*\n.*:(\d+):(\d+)\n", said) == [("scale", "4", "56"), ("churn", "5", "57")]

    graph.write_text(TWO_NODES.format("True", "True"))
    said = run("churn.py").stdout
    assert re.findall(r"node '(.*)': .*\n.*:(\d+):(\d+)\n", said) == [("scale", "4", "21"), ("churn", "5", "15")]


def test_finding_of_a_graph_is_at_its_node_and_can_be_ignored(run: Check, tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    graph = tmp_path / "churn.py"
    graph.write_text(GRAPH.replace('image="registry/churn:1"', 'image="registry/churn:latest"'))
    (found,) = json.loads(run("churn.py", "--format", "json", "--select", "SG373").stdout)
    assert (found["file"], found["line"], found["column"]) == ("churn.py", 3, 35)
    graph.write_text(graph.read_text().rstrip() + "  # servegraph: ignore[SG373]\n")
    assert codes(run("churn.py", "--format", "json", "--select", "SG373")) == []
