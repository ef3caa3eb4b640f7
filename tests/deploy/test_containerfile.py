"""The Containerfile: what it copies and installs follows from the project's files, and a changed one is told apart."""

from pathlib import Path

import pytest

from servegraph.deploy.containerfile import containerfile, is_untouched, recipe_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("graphs", "models", "routers", "tests", "docs", ".venv", "data"):
        (tmp_path / folder).mkdir()
        if folder != "data":
            (tmp_path / folder / "code.py").touch()
    (tmp_path / "pyproject.toml").write_text("[tool.servegraph]\n")
    (tmp_path / "requirements.txt").touch()
    return tmp_path


def text_of(root: Path) -> str:
    recipe = recipe_of(root)
    assert recipe is not None
    return containerfile(recipe)


def steps(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_project_is_copied_on_top_of_what_it_needs(project: Path):
    assert steps(text_of(project)) == [
        "FROM docker.io/library/python:3.12-slim",
        "ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp",
        "WORKDIR /app",
        "COPY requirements.txt requirements.txt",
        "RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt",
        "COPY pyproject.toml ./",
        "COPY graphs graphs",
        "COPY models models",
        "COPY routers routers",
        "RUN mkdir -p /app/.servegraph /mnt/models && chown 8888:8888 /app/.servegraph /mnt/models",
        "USER 8888:8888",
        'ENTRYPOINT ["servegraph", "pull"]',
    ]


def test_trusted_artifacts_are_part_of_the_image(project: Path):
    (project / "trusted.toml").touch()
    assert "COPY pyproject.toml trusted.toml ./" in steps(text_of(project))


def test_package_is_installed_from_its_source_without_a_download(project: Path):
    (project / "src").mkdir()
    (project / "README.md").touch()
    (project / "pyproject.toml").write_text('[build-system]\n[project]\nreadme = "README.md"\n[tool.servegraph]\n')
    lines = steps(text_of(project))
    place = lines.index("COPY pyproject.toml README.md ./")
    assert lines[place + 1 : place + 3] == [
        "COPY src src",
        "RUN pip install --no-cache-dir --no-index --no-build-isolation --no-deps .",
    ]


def test_project_without_pinned_requirements_has_no_recipe(project: Path):
    (project / "requirements.txt").unlink()
    assert recipe_of(project) is None


def test_changed_file_is_told_from_a_written_one(project: Path):
    written = text_of(project)
    assert is_untouched(written)
    assert not is_untouched(written.replace("3.12-slim", "3.12-slim@sha256:0abc"))
    assert not is_untouched("FROM scratch\n")


def test_committed_file_is_that_of_this_project():
    assert (ROOT / "manifests" / "Containerfile").read_text() == text_of(ROOT)
