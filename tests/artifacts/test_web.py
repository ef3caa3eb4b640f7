"""Artifacts from a web server that the test starts."""

import io
import logging
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from servegraph.artifacts import Artifact, Registry
from servegraph.errors import ArtifactNotFound, ArtifactRefused, EnvironmentFault, RegistryUnreachable


class Site:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.status = 200
        self.cut = 0
        self.downloads: list[str] = []
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self.site.downloads.append(self.path)
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        content = self.site.files.get(self.path.partition("?")[0])
        self.send_response(404 if content is None and self.site.status == 200 else self.site.status)
        for header, value in {"Content-Length": str(len(content or b"")), **self.site.headers}.items():
            self.send_header(header, value)
        self.end_headers()
        if body and content:
            self.wfile.write(content[: len(content) - self.site.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(site: Site) -> Iterator[None]:
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A server with one file and its ETag."""
    site = Site()
    site.files["/models/model.joblib"] = b"first"
    site.headers["ETag"] = '"1"'
    with serving(site):
        yield site


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.embedded(tmp_path / "state")


def _files(artifact: Artifact) -> dict[str, bytes]:
    found = (path for path in artifact.path.rglob("*") if path.is_file())
    return {path.relative_to(artifact.path).as_posix(): path.read_bytes() for path in found}


def _leftovers(registry: Registry) -> list[str]:
    return [path.name for path in registry.state_dir.glob("cache/*/*")]


def test_single_file_comes_in_a_folder(site: Site, registry: Registry) -> None:
    artifact = registry.resolve(f"{site.url}/models/model.joblib")
    assert _files(artifact) == {"model.joblib": b"first"}
    assert (artifact.name, artifact.alias, artifact.signature, artifact.is_mlflow) == (
        "model.joblib",
        None,
        None,
        False,
    )
    assert artifact.input_example() is None
    assert artifact.pinned_uri == f"{site.url}/models/model.joblib"
    assert artifact.path.is_relative_to(registry.state_dir / "cache")
    assert not registry.lock.path.exists()


def test_unchanged_file_is_downloaded_once(site: Site, registry: Registry) -> None:
    first = registry.resolve(f"{site.url}/models/model.joblib")
    assert registry.resolve(f"{site.url}/models/model.joblib") == first
    assert site.downloads == ["/models/model.joblib"]


def test_changed_file_is_noticed(site: Site, registry: Registry) -> None:
    first = registry.resolve(f"{site.url}/models/model.joblib")
    site.files["/models/model.joblib"], site.headers["ETag"] = b"other", '"2"'
    second = registry.resolve(f"{site.url}/models/model.joblib")
    assert _files(second) == {"model.joblib": b"other"}
    assert first.digest != second.digest
    assert first.version != second.version
    assert _files(first) == {"model.joblib": b"first"}


def test_file_of_which_the_server_says_nothing_is_always_fresh(site: Site, registry: Registry) -> None:
    site.headers.clear()
    first = registry.resolve(f"{site.url}/models/model.joblib")
    assert registry.resolve(f"{site.url}/models/model.joblib") == first
    site.files["/models/model.joblib"] = b"other"
    assert _files(registry.resolve(f"{site.url}/models/model.joblib")) == {"model.joblib": b"other"}
    assert len(site.downloads) == 3


def test_copy_is_used_while_the_server_is_away(registry: Registry, caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    site.files["/m"], site.headers["ETag"] = b"first", '"1"'
    with serving(site):
        first = registry.resolve(f"{site.url}/m")
    with caplog.at_level(logging.WARNING):
        assert registry.resolve(f"{site.url}/m") == first
    assert f"{site.url}/m cannot be reached" in caplog.text
    assert "the copy from before is used" in caplog.text
    with pytest.raises(RegistryUnreachable, match="cannot be reached"):
        registry.resolve(f"{site.url}/other")


def test_copy_is_not_used_when_access_is_denied(site: Site, registry: Registry) -> None:
    registry.resolve(f"{site.url}/models/model.joblib")
    site.status = 403
    with pytest.raises(RegistryUnreachable, match="may not be read: Forbidden"):
        registry.resolve(f"{site.url}/models/model.joblib")


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, ArtifactNotFound, "there is nothing at"),
        (401, RegistryUnreachable, "may not be read"),
        (500, RegistryUnreachable, "cannot be reached"),
    ],
)
def test_errors_are_one_line_without_the_signature(
    site: Site, registry: Registry, status: int, error: type[EnvironmentFault], message: str
) -> None:
    site.status = status
    with pytest.raises(error, match=message) as raised:
        registry.resolve(f"{site.url}/models/model.joblib?X-Signature=hidden")
    assert "\n" not in str(raised.value)
    assert "hidden" not in str(raised.value)
    assert raised.value.hint
    assert _leftovers(registry) == []


def test_unknown_host_is_unreachable(registry: Registry) -> None:
    with pytest.raises(RegistryUnreachable, match=r"http://no-such-host\.invalid/m cannot be reached"):
        registry.resolve("http://no-such-host.invalid/m")


def test_broken_download_leaves_nothing(site: Site, registry: Registry) -> None:
    site.files["/models/model.joblib"], site.cut = bytes(1 << 20), 1
    with pytest.raises(RegistryUnreachable, match="cannot be reached"):
        registry.resolve(f"{site.url}/models/model.joblib")
    assert _leftovers(registry) == []


def test_file_larger_than_the_disk_is_not_begun(site: Site, registry: Registry) -> None:
    site.headers["Content-Length"] = str(1 << 60)
    with pytest.raises(EnvironmentFault, match=r"is full: 1,152,921,504,607 MB are needed"):
        registry.resolve(f"{site.url}/models/model.joblib")
    assert _leftovers(registry) == []
    assert site.downloads == []


def test_folder_that_cannot_be_written_to_is_told(site: Site, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentFault, match="Not a directory"):
        Registry.embedded(tmp_path / "state").resolve(f"{site.url}/models/model.joblib")


def test_archive_is_unpacked(site: Site, registry: Registry) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model.bst", b"trees")
        archive.writestr("metadata.yaml", b"name: trees")
    site.files["/model.zip"] = packed.getvalue()
    artifact = registry.resolve(f"{site.url}/model.zip?version=2")
    assert _files(artifact) == {"model.bst": b"trees", "metadata.yaml": b"name: trees"}


def test_archive_that_leads_out_is_refused_and_leaves_nothing(site: Site, registry: Registry, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../evil", b"!")
    site.files["/model.zip"] = packed.getvalue()
    with pytest.raises(ArtifactRefused, match="lies outside of it"):
        registry.resolve(f"{site.url}/model.zip")
    assert _leftovers(registry) == []
    assert not list(tmp_path.rglob("evil"))


def test_progress_counts_all_bytes(site: Site, registry: Registry) -> None:
    heard: list[tuple[int, int | None]] = []
    site.files["/models/model.joblib"] = bytes(12 << 20)
    registry.resolve(f"{site.url}/models/model.joblib", progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (12 << 20, 12 << 20)
    assert heard == sorted(heard)
    assert len(heard) > 2


def test_local_file_comes_in_a_folder_of_its_own(registry: Registry, tmp_path: Path) -> None:
    model = tmp_path / "made here" / "model.joblib"
    model.parent.mkdir()
    model.write_bytes(b"first")
    (model.parent / "notes.txt").write_text("not part of it")
    artifact = registry.resolve(model.as_uri())
    assert _files(artifact) == {"model.joblib": b"first"}
    assert (artifact.name, artifact.version) == ("model.joblib", "local")
    assert registry.resolve(str(model)).path == artifact.path
    model.write_bytes(b"other")
    os.utime(model, (1, 1))
    assert _files(registry.resolve(str(model))) == {"model.joblib": b"other"}


def test_local_folder_needs_no_mlmodel(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "iris").mkdir()
    with pytest.raises(ArtifactNotFound, match="holds no files"):
        registry.resolve(str(tmp_path / "iris"))
    (tmp_path / "iris" / "model.bst").write_bytes(b"trees")
    artifact = registry.resolve(str(tmp_path / "iris"))
    assert (artifact.path, artifact.version, artifact.is_mlflow) == (tmp_path / "iris", "local", False)
    assert artifact.pinned_uri == str(tmp_path / "iris")
