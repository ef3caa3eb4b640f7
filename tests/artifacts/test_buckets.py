"""Artifacts from buckets: moto's S3 server, and as much of Google's as a download needs."""

import json
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from servegraph.artifacts import Registry
from servegraph.errors import ArtifactNotFound, ArtifactRefused, RegistryUnreachable

MISSING = """
import sys
from pathlib import Path
sys.modules[sys.argv[1]] = None
from servegraph.artifacts import Registry
from servegraph.errors import EnvironmentFault
variables = {"RCLONE_CONFIG_AZ_TYPE": "azureblob", "RCLONE_CONFIG_AZ_ACCOUNT": "team"}
try:
    Registry.embedded(Path(sys.argv[3])).resolve(sys.argv[2], secrets=variables)
except EnvironmentFault as error:
    print(error, "|", error.hint)
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def bucket(endpoint: str) -> Iterator["Bucket"]:
    bucket = Bucket(endpoint)
    yield bucket
    bucket.empty()


class Bucket:
    """A bucket, and the variables that open it."""

    def __init__(self, endpoint: str) -> None:
        import boto3

        self._s3 = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id="me", aws_secret_access_key="x", region_name="us-east-1"
        )
        self._s3.create_bucket(Bucket="models")
        self.secret = {
            "RCLONE_CONFIG_MINE_TYPE": "s3",
            "RCLONE_CONFIG_MINE_PROVIDER": "Minio",
            "RCLONE_CONFIG_MINE_ACCESS_KEY_ID": "me",
            "RCLONE_CONFIG_MINE_SECRET_ACCESS_KEY": "x",
            "RCLONE_CONFIG_MINE_ENDPOINT": endpoint,
            "RCLONE_CONFIG_MINE_REGION": "us-east-1",
        }
        self.amazon = {
            "AWS_ACCESS_KEY_ID": "me",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": "us-east-1",
        }

    def put(self, key: str, content: bytes) -> None:
        self._s3.put_object(Bucket="models", Key=key, Body=content)

    def empty(self) -> None:
        for item in self._s3.list_objects_v2(Bucket="models").get("Contents", []):
            self._s3.delete_object(Bucket="models", Key=item["Key"])


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.embedded(tmp_path / "state")


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("uri", ["mine:models/iris", "mine://models/iris", "mine:/models/iris/"])
def test_folder_of_a_bucket_is_copied(bucket: Bucket, registry: Registry, uri: str) -> None:
    bucket.put("iris/", b"")  # consoles mark folders so
    bucket.put("iris/model.joblib", b"trees")
    bucket.put("iris/deep/data [1]*.txt", b"rows")
    bucket.put("iris-of-others/model.joblib", b"not ours")
    artifact = registry.resolve(uri, secrets=bucket.secret)
    assert _files(artifact.path) == {"model.joblib": b"trees", "deep/data [1]*.txt": b"rows"}
    assert (artifact.name, artifact.is_mlflow, artifact.pinned_uri) == ("iris", False, uri)


def test_file_and_whole_bucket_are_copied_with_the_variables_of_aws(bucket: Bucket, registry: Registry) -> None:
    bucket.put("iris/model.joblib", b"trees")
    file = registry.resolve("s3://models/iris/model.joblib", secrets=bucket.amazon)
    assert _files(file.path) == {"model.joblib": b"trees"}
    whole = registry.resolve("s3://models", secrets=bucket.amazon)
    assert _files(whole.path) == {"iris/model.joblib": b"trees"}


def test_bucket_is_downloaded_again_only_if_it_changed(bucket: Bucket, registry: Registry) -> None:
    bucket.put("iris/model.joblib", b"trees")
    first = registry.resolve("mine:models/iris", secrets=bucket.secret)
    marker = first.path / "marker"
    marker.touch()
    assert registry.resolve("mine:models/iris", secrets=bucket.secret).path == first.path
    assert marker.exists()
    bucket.put("iris/model.joblib", b"TREES")
    second = registry.resolve("mine:models/iris", secrets=bucket.secret)
    assert _files(second.path) == {"model.joblib": b"TREES"}


def test_mlflow_folder_of_a_bucket_has_its_signature(bucket: Bucket, registry: Registry) -> None:
    columns = json.dumps([{"type": "double", "name": "a"}, {"type": "double", "name": "b"}])
    bucket.put("churn/MLmodel", json.dumps({"signature": {"inputs": columns}}).encode())
    artifact = registry.resolve("mine:models/churn", secrets=bucket.secret)
    assert artifact.is_mlflow
    assert artifact.signature
    assert artifact.signature.input_names == ("a", "b")


@pytest.mark.parametrize("uri", ["mine:models/nothing", "mine:no-such-bucket/iris", "mine:models/iris/model.bst"])
def test_missing_bucket_and_key_are_not_found(bucket: Bucket, registry: Registry, uri: str) -> None:
    bucket.put("iris/model.joblib", b"trees")
    with pytest.raises(ArtifactNotFound, match="there is nothing at mine://") as raised:
        registry.resolve(uri, secrets=bucket.secret)
    assert raised.value.hint == "are the bucket and the path right?"


def test_name_that_leads_out_is_refused(bucket: Bucket, registry: Registry, tmp_path: Path) -> None:
    bucket.put("iris/../../evil", b"!")
    with pytest.raises(ArtifactRefused, match="holds a file named"):
        registry.resolve("mine:models/iris", secrets=bucket.secret)
    assert not list(tmp_path.rglob("evil"))


def test_store_that_is_away_is_told(bucket: Bucket, registry: Registry) -> None:
    away = {**bucket.secret, "RCLONE_CONFIG_MINE_ENDPOINT": "http://127.0.0.1:1"}
    with pytest.raises(RegistryUnreachable, match="mine://models/iris cannot be reached: Could not connect"):
        registry.resolve("mine:models/iris", secrets=away)


def test_without_credentials_the_variables_are_named(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(RegistryUnreachable, match="may not be read: Unable to locate credentials") as raised:
        registry.resolve("s3://models/iris")
    assert "secrets/<envSecretRefName>.env" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("module", "uri", "message"),
    [
        ("s3fs", "s3://b/x", "pip install 'servegraph[s3]'"),
        ("gcsfs", "gs://b/x", "pip install 'servegraph[gs]'"),
        ("adlfs", "az:b/x", "pip install adlfs"),
    ],
)
def test_missing_library_is_named_with_its_extra(tmp_path: Path, module: str, uri: str, message: str) -> None:
    command = [sys.executable, "-c", MISSING, module, uri, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "needs a library that is not installed" in done.stdout
    assert done.stdout.strip().endswith(f"install it with: {message}")


class _Google(BaseHTTPRequestHandler):
    """The two calls of the JSON API that a download makes: list by prefix, and read."""

    objects: dict[str, bytes]
    denied = False

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.denied:
            self._send(403, json.dumps({"error": {"message": "no access", "code": 403}}).encode())
        elif path == "/storage/v1/b/models/o":
            prefix = urllib.parse.parse_qs(query).get("prefix", [""])[0]
            items = [self._item(name) for name in self.objects if name.startswith(prefix)]
            self._send(200, json.dumps({"items": items}).encode())
        else:
            name = urllib.parse.unquote(path.rpartition("/o/")[2])
            found = self.objects.get(name)
            reads = path.startswith("/download/") or "alt=media" in query
            answer = found if reads or found is None else json.dumps(self._item(name)).encode()
            self._send(404 if answer is None else 200, answer or b"")

    def _item(self, name: str) -> dict[str, str]:
        content = self.objects[name]
        return {"bucket": "models", "name": name, "size": str(len(content)), "etag": str(hash(content))}

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def google() -> Iterator[type[_Google]]:
    handler = type("Handler", (_Google,), {"objects": {"iris/model.joblib": b"trees", "iris/deep/a.txt": b"rows"}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    try:
        yield handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_google_folder_is_copied_without_credentials(google: type[_Google], registry: Registry) -> None:
    variables = {"STORAGE_EMULATOR_HOST": google.url}  # type: ignore[attr-defined]
    artifact = registry.resolve("gs://models/iris", secrets=variables)
    assert _files(artifact.path) == {"model.joblib": b"trees", "deep/a.txt": b"rows"}
    assert registry.resolve("gs:models/iris", secrets=variables).path == artifact.path
    google.objects["iris/model.joblib"] = b"TREES"
    changed = registry.resolve("gs://models/iris", secrets=variables)
    assert _files(changed.path)["model.joblib"] == b"TREES"


def test_google_that_denies_access_is_told(google: type[_Google], registry: Registry) -> None:
    google.denied = True
    with pytest.raises(RegistryUnreachable, match="gs://models/iris may not be read: Forbidden"):
        registry.resolve("gs://models/iris", secrets={"STORAGE_EMULATOR_HOST": google.url})  # type: ignore[attr-defined]
