"""Files of variables, which stand for a cluster's secrets."""

from pathlib import Path

import pytest

from servegraph.artifacts import read_env_file, read_secret
from servegraph.errors import ConfigurationError

FILE = """\
# MinIO of the team

RCLONE_CONFIG_S3_TYPE=s3
export RCLONE_CONFIG_S3_ENDPOINT = http://minio:9000
RCLONE_CONFIG_S3_SECRET_ACCESS_KEY="a=b #c"
RCLONE_CONFIG_GCS_SERVICE_ACCOUNT_CREDENTIALS='{"type": "service_account"}'
EMPTY=
"""


def test_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "rclone-s3.env").write_text(FILE)
    assert read_secret(tmp_path, "rclone-s3") == {
        "RCLONE_CONFIG_S3_TYPE": "s3",
        "RCLONE_CONFIG_S3_ENDPOINT": "http://minio:9000",
        "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": "a=b #c",
        "RCLONE_CONFIG_GCS_SERVICE_ACCOUNT_CREDENTIALS": '{"type": "service_account"}',
        "EMPTY": "",
    }


def test_secret_without_a_file_is_empty(tmp_path: Path) -> None:
    assert read_secret(tmp_path, "rclone-s3") == {}


@pytest.mark.parametrize("name", ["", "../other", "a/b"])
def test_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="no name of a secret"):
        read_secret(tmp_path, name)


@pytest.mark.parametrize("line", ["nothing", "=value", "two words=1"])
def test_other_line_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.env").write_text(f"KEY=1\n{line}\n")
    with pytest.raises(ConfigurationError, match=r"a\.env:2 is no KEY=value"):
        read_env_file(tmp_path / "a.env")
