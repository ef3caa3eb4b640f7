"""`servegraph pull`, as a person and as a pod's init container calls it."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from tests.e2e.running import BIN, wait_until

TIMEOUT = 60


def _pull(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "AWS", "RCLONE"))}
    return subprocess.run(
        [str(BIN / "servegraph"), "pull", *map(str, arguments)],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_version_goes_into_a_folder_without_a_project(trained_store: Path, tmp_path: Path) -> None:
    mount = tmp_path / "mnt" / "models"
    mount.mkdir(parents=True)
    (mount / "kept.txt").write_text("was here")
    (mount / "MLmodel").write_text("of another version")
    registry = f"sqlite:///{trained_store}/mlflow.db"
    done = _pull(tmp_path, "models:/screening-scaler/1", mount, MLFLOW_TRACKING_URI=registry)
    assert (done.returncode, done.stdout) == (0, f"{mount}\n"), done.stderr
    assert done.stderr.startswith("screening-scaler 1  sha ")
    assert {"MLmodel", "model.skops", "kept.txt"} <= _names(mount)
    assert (mount / "MLmodel").read_text() != "of another version"
    assert not [name for name in _names(mount) if name.startswith(".")]
    assert _names(tmp_path) == {"mnt", "mnt/models"} | {f"mnt/models/{name}" for name in _names(mount)}


def test_local_folder_is_copied_and_stays(tmp_path: Path) -> None:
    (tmp_path / "iris" / "deep").mkdir(parents=True)
    (tmp_path / "iris" / "deep" / "model.joblib").write_bytes(b"trees")
    done = _pull(tmp_path, "iris", "out")
    assert (done.returncode, done.stdout) == (0, "out\n"), done.stderr
    assert _names(tmp_path / "out") == _names(tmp_path / "iris") == {"deep", "deep/model.joblib"}


def test_bucket_goes_into_the_cache_with_a_secret(tmp_path: Path) -> None:
    import boto3

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        keys = {"aws_access_key_id": "me", "aws_secret_access_key": "x"}
        s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="iris/model.joblib", Body=b"trees")
        (tmp_path / "minio.env").write_text(
            "RCLONE_CONFIG_S3_TYPE=s3\nRCLONE_CONFIG_S3_PROVIDER=Minio\nRCLONE_CONFIG_S3_ACCESS_KEY_ID=me\n"
            f"RCLONE_CONFIG_S3_SECRET_ACCESS_KEY=x\nRCLONE_CONFIG_S3_ENDPOINT={endpoint}\n"
        )
        done = _pull(tmp_path, "s3://models/iris", "--secret", "minio.env")
        assert done.returncode == 0, done.stderr
        cached = Path(done.stdout.strip())
        assert cached.is_relative_to(tmp_path / ".servegraph" / "cache")
        assert (cached / "model.joblib").read_bytes() == b"trees"

        (tmp_path / "mnt").mkdir()
        done = _pull(tmp_path / "mnt", "s3://models/iris", ".", "--secret", "../minio.env")
        assert done.returncode == 0, done.stderr
        assert _names(tmp_path / "mnt") == {"model.joblib"}
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 3, "error: there is no folder or file"),
        (["pvc://claim/model", "out"], 2, "error: the volume claim 'claim' is in the cluster"),
        (["minio:b/x"], 2, "error: nothing says what 'minio'"),
        (["models:/churn/3", "out"], 2, "error: which registry has models:/churn/3?\nhint: set MLFLOW_TRACKING_URI"),
        (["http://no-such-host.invalid/m", "out"], 3, "error: http://no-such-host.invalid/m cannot be reached"),
        ([], 2, "Usage: "),
    ],
)
def test_mistake_is_one_line_with_an_exit_code(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    done = _pull(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_terminated_pull_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/model.joblib"
        command = [str(BIN / "servegraph"), "pull", url, "out"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
            try:
                accepted, _ = silent.accept()
                wait_until(lambda: any((tmp_path / "out").iterdir()), TIMEOUT, "it has not begun")
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 143
            accepted.close()
    assert _names(tmp_path / "out") == set()
