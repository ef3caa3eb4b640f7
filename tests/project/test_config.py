"""Where a project is, and what its pyproject.toml may say."""

from pathlib import Path
from typing import Any

import pytest

from servegraph.errors import ConfigurationError
from servegraph.project import Project, find_project


def test_the_project_is_found_from_any_folder_below_it(make_project: Any, tmp_path: Path):
    settings = '[tool.servegraph]\ngraph = "graphs/a.py"\ntraining = "models.a"\n'
    make_project({"pyproject.toml": settings, "graphs/deep/a.py": ""})
    expected = Project(tmp_path.resolve(), "graphs/a.py", "models.a")
    assert find_project(tmp_path) == expected
    assert find_project(tmp_path / "graphs" / "deep") == expected
    assert find_project(tmp_path / "graphs" / "not there") == expected


def test_settings_may_be_left_out(make_project: Any, tmp_path: Path):
    project = make_project({})
    assert (project.root, project.graph, project.training) == (tmp_path.resolve(), None, None)
    assert project.state == tmp_path.resolve() / ".servegraph"


def test_the_nearest_project_counts_and_other_packages_are_passed_by(make_project: Any, tmp_path: Path):
    make_project({"inner/pyproject.toml": "[tool.servegraph]\n", "inner/package/pyproject.toml": "[project]\n"})
    assert find_project(tmp_path / "inner" / "package").root == tmp_path.resolve() / "inner"


def test_no_project_is_one_sentence_with_its_fix(tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        find_project(tmp_path)
    assert str(caught.value) == f"no servegraph project at or above {tmp_path}"
    assert caught.value.hint == (
        "change into a folder whose pyproject.toml has a [tool.servegraph] table, or name it with --project"
    )


def test_unknown_keys_are_all_named(make_project: Any, tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        make_project({"pyproject.toml": '[tool.servegraph]\nport = 1\ngraph = "a"\ngraf = "b"\n'})
    path = tmp_path.resolve() / "pyproject.toml"
    assert str(caught.value) == f"[tool.servegraph] of {path} has unknown keys: graf, port"
    assert caught.value.hint == "it knows: graph, training, trusted_types, components, env"


@pytest.mark.parametrize("setting", ["graph = 5", "training = ['models.a']"])
def test_a_value_of_another_type_is_refused(make_project: Any, setting: str):
    with pytest.raises(ConfigurationError):
        make_project({"pyproject.toml": f"[tool.servegraph]\n{setting}\n"})


def test_a_file_that_is_no_toml_is_named(make_project: Any, tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        make_project({"pyproject.toml": "[tool.servegraph\n"})
    assert str(caught.value).startswith(f"{tmp_path.resolve() / 'pyproject.toml'} is no TOML: ")
    assert caught.value.hint == "correct the file"
