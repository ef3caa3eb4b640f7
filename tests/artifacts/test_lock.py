"""`models.lock`: first content wins, and many processes may write."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from servegraph.artifacts.lock import Lock
from servegraph.errors import ArtifactRefused, ConfigurationError


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(tmp_path / "state" / "models.lock")


def test_first_pull_is_written_as_one_line(lock: Lock) -> None:
    lock.check("scaler/1", "aa")
    assert lock.path.read_text().splitlines()[1:] == ['"scaler/1" = "aa"']


def test_same_content_passes_and_other_content_is_refused(lock: Lock) -> None:
    lock.check("scaler/1", "aa")
    lock.check("scaler/1", "aa")
    with pytest.raises(ArtifactRefused, match="scaler/1 changed since it was locked"):
        lock.check("scaler/1", "bb")
    assert lock.read() == {"scaler/1": "aa"}


def test_deleted_line_trusts_anew(lock: Lock) -> None:
    lock.check("a/1", "aa")
    lock.check("b/1", "bb")
    lock.path.write_text("".join(x for x in lock.path.read_text().splitlines(True) if not x.startswith('"b/1"')))
    lock.check("b/1", "cc")
    assert lock.read() == {"a/1": "aa", "b/1": "cc"}


def test_strange_names_survive(lock: Lock) -> None:
    name = 'süß "quoted" \\ 😀/1'
    lock.check(name, "aa")
    assert lock.read() == {name: "aa"}


def test_broken_file_is_a_configuration_error(lock: Lock) -> None:
    lock.path.parent.mkdir()
    lock.path.write_text("<<<<<<< HEAD")
    with pytest.raises(ConfigurationError, match="is no TOML"):
        lock.check("a/1", "aa")


def test_writers_at_the_same_time_lose_nothing(lock: Lock) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Lock(lock.path).check(f"m/{n}", str(n)), range(64)))
    assert lock.read() == {f"m/{n}": str(n) for n in range(64)}
    assert [path.name for path in lock.path.parent.iterdir()] == ["models.lock"]
