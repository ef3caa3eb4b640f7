"""The project's own code: found by reference, mounted, and in child processes too."""

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servegraph.errors import ComponentNotFound, ConfigurationError, InvalidGraph
from servegraph.project import Project, find_project, load_class, load_graph, load_module

FRAUD = "class Fraud:\n    answer = 42\n\nclass Other: ...\n\nnot_a_class = 5\n"

GRAPH = """
from servegraph.graph import deployment, model

first = deployment("first", model("m", "models.fraud:Fraud"), image="i:1")
"""


def missing(project: Project, reference: str) -> ComponentNotFound:
    with pytest.raises(ComponentNotFound) as caught:
        load_class(project, reference)
    return caught.value


@pytest.mark.parametrize("reference", ["models.fraud:Fraud", "models.fraud.Fraud"])
def test_a_reference_finds_its_class(make_project: Any, reference: str):
    found = load_class(make_project({"models/fraud.py": FRAUD}), reference)
    assert found.answer == 42  # type: ignore[attr-defined]
    assert (found.__module__, found.__name__) == ("servegraph.project.files.models.fraud", "Fraud")
    assert "models" not in sys.modules
    assert "models.fraud" not in sys.modules


def test_a_file_at_the_root_is_found_too(make_project: Any):
    assert load_class(make_project({"fraud.py": FRAUD}), "fraud:Fraud").__name__ == "Fraud"


def test_folders_of_a_project_do_not_hide_libraries(make_project: Any):
    """A project's `json/` is its own, and the library's `json` stays the library's."""
    project = make_project({"json/decoder.py": "class JSONDecoder:\n    mine = True\n"})
    assert load_class(project, "json.decoder:JSONDecoder").mine is True  # type: ignore[attr-defined]
    import json.decoder

    assert not hasattr(json.decoder.JSONDecoder, "mine")


def test_what_is_not_in_the_project_is_looked_for_among_installed_packages(make_project: Any):
    from collections import OrderedDict

    assert load_class(make_project({}), "collections:OrderedDict") is OrderedDict


def test_files_of_a_project_may_import_each_other(make_project: Any):
    lean = "from servegraph.project.files.models.fraud import Fraud\n\nclass Lean(Fraud): ...\n"
    project = make_project({"models/fraud.py": FRAUD, "models/lean.py": lean})
    assert load_class(project, "models.lean:Lean").__mro__[1] is load_class(project, "models.fraud:Fraud")


def test_a_missing_file_says_where_it_was_looked_for(make_project: Any, tmp_path: Path):
    error = missing(make_project({"models/fraud.py": FRAUD}), "models.froud:Fraud")
    assert str(error) == f"'models.froud:Fraud': there is no models/froud.py in {tmp_path.resolve()}"
    assert error.hint == "write references as folder.file:Class, relative to the project"


def test_a_missing_class_says_which_there_are(make_project: Any, tmp_path: Path):
    project = make_project({"models/fraud.py": FRAUD, "models/empty.py": "from collections import OrderedDict\n"})
    path = tmp_path.resolve() / "models" / "fraud.py"
    error = missing(project, "models.fraud:Froud")
    assert str(error) == f"'models.fraud:Froud': no class Froud in {path}"
    assert error.hint == "it has: Fraud, Other"
    assert missing(project, "models.fraud:not_a_class").hint == "it has: Fraud, Other"
    assert missing(project, "models.empty:Fraud").hint == "it has: no class"


@pytest.mark.parametrize(
    "reference",
    ["models:Fraud", "Fraud", ":Fraud", "", "models.fraud.deeper:Fraud", "..models:Fraud", "a b:C", "sys:x"],
)
def test_a_reference_of_another_shape_finds_nothing(make_project: Any, reference: str):
    missing(make_project({"models/fraud.py": FRAUD}), reference)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError: invalid syntax (broken.py, line 1)"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(make_project: Any, source: str, text: str):
    with pytest.raises(ConfigurationError) as caught:
        load_class(make_project({"models/broken.py": source}), "models.broken:Fraud")
    assert str(caught.value) == f"'models.broken:Fraud' cannot be imported: {text}"
    assert caught.value.hint == "correct the file"


def test_modules_are_loaded_by_name(make_project: Any):
    project = make_project({"models/train.py": "def train() -> str:\n    return 'trained'\n"})
    assert load_module(project, "models.train", "models.train").train() == "trained"


def test_two_projects_in_one_process_keep_their_own_code(make_project: Any, tmp_path: Path):
    files = {}
    for name, answer in (("one", 1), ("two", 2)):
        files[f"{name}/pyproject.toml"] = "[tool.servegraph]\n"
        files[f"{name}/models/fraud.py"] = f"class Fraud:\n    answer = {answer}\n"
    make_project(files)
    found = [load_class(find_project(tmp_path / name), "models.fraud:Fraud") for name in ("one", "two")]
    assert [cls.answer for cls in found] == [1, 2]  # type: ignore[attr-defined]


# graphs


def test_a_graph_file_is_loaded(make_project: Any, tmp_path: Path):
    project = make_project({"graphs/first.py": GRAPH})
    loaded = load_graph(project, tmp_path / "graphs" / "first.py")
    assert loaded.name == "first"
    assert loaded.spec.predictors[0].graph.as_json() == {"name": "m", "type": "MODEL"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("first.yaml", "kind: SeldonDeployment\nmetadata: {name: first}\nspec: {predictors: []}\n"),
        ("first.json", '{"kind": "SeldonDeployment", "metadata": {"name": "first"}, "spec": {"predictors": []}}'),
    ],
)
def test_a_manifest_is_loaded_and_may_be_anywhere(make_project: Any, tmp_path: Path, name: str, text: str):
    project = make_project({"inner/pyproject.toml": "[tool.servegraph]\n", name: text})
    inner = find_project(tmp_path / "inner")
    assert load_graph(project, tmp_path / name).name == "first"
    assert load_graph(inner, tmp_path / name).name == "first"


@pytest.mark.parametrize(
    ("source", "count"), [("", 0), ("from servegraph.graph import model\nm = model('m', 'a:B')\n", 0), (None, 2)]
)
def test_a_graph_file_holds_exactly_one_deployment(make_project: Any, tmp_path: Path, source: str | None, count: int):
    second = GRAPH + 'second = deployment("second", model("m", "models.fraud:Fraud"), image="i:1")\n'
    project = make_project({"graphs/x.py": second if source is None else source})
    path = tmp_path / "graphs" / "x.py"
    with pytest.raises(ConfigurationError) as caught:
        load_graph(project, path)
    assert str(caught.value) == f"{path} defines {count} deployments"
    assert caught.value.hint == "a graph file holds exactly one `deployment(...)`"


def test_one_deployment_with_two_names_is_one(make_project: Any, tmp_path: Path):
    project = make_project({"graphs/x.py": GRAPH + "again = first\n"})
    assert load_graph(project, tmp_path / "graphs" / "x.py").name == "first"


def test_a_missing_graph_file_is_one_sentence(make_project: Any, tmp_path: Path):
    path = tmp_path / "graphs" / "none.py"
    with pytest.raises(ConfigurationError) as caught:
        load_graph(make_project({}), path)
    assert str(caught.value) == f"there is no graph file {path}"
    assert caught.value.hint == "name a file such as graphs/screening.py"


def test_a_missing_manifest_is_one_sentence(make_project: Any, tmp_path: Path):
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigurationError, match=r"^cannot read .*none\.yaml: No such file or directory$"):
        load_graph(make_project({}), path)


def test_a_graph_file_outside_of_the_project_is_refused(make_project: Any, tmp_path: Path):
    make_project({"inner/pyproject.toml": "[tool.servegraph]\n", "first.py": GRAPH})
    inner = find_project(tmp_path / "inner")
    with pytest.raises(ConfigurationError) as caught:
        load_graph(inner, tmp_path / "first.py")
    assert str(caught.value) == f"{tmp_path / 'first.py'} is outside of the project {inner.root}"
    assert caught.value.hint == "move it into graphs/"


def test_a_graph_that_breaks_a_rule_says_which(make_project: Any, tmp_path: Path):
    project = make_project({"graphs/first.py": GRAPH.replace('model("m"', 'model("M"')})
    with pytest.raises(InvalidGraph, match="SG303: 'M' cannot name a container"):
        load_graph(project, tmp_path / "graphs" / "first.py")


def test_a_graph_file_that_cannot_be_imported_says_why(make_project: Any, tmp_path: Path):
    path = tmp_path / "graphs" / "first.py"
    project = make_project({"graphs/first.py": "import nowhere_to_be_found\n"})
    with pytest.raises(ConfigurationError) as caught:
        load_graph(project, path)
    assert str(caught.value) == (
        f"'{path}' cannot be imported: ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    )


# other processes


def test_mounted_code_runs_in_spawned_processes(make_project: Any):
    """A spawned process imports a function by its module's name, so the mount must be there already."""
    project = make_project({"models/work.py": "def double(x):\n    return 2 * x\n"})
    work = load_module(project, "models.work", "models.work")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(work.double, (21,)) == 42
        pool.close()
        pool.join()


def test_loading_a_class_imports_no_heavy_library(make_project: Any):
    project = make_project({"models/fraud.py": FRAUD})
    script = (
        "import sys; from pathlib import Path; from servegraph.project import find_project, load_class\n"
        "load_class(find_project(Path(sys.argv[1])), 'models.fraud:Fraud')\n"
        "print(sorted({'mlflow', 'sklearn', 'alibi_detect', 'numpy', 'grpc', 'granian'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(project.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
