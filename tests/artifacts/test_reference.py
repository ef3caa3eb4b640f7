"""How artifacts may be asked for."""

from pathlib import Path

import pytest

from servegraph.artifacts.reference import Location, Reference, RunPath, parse
from servegraph.errors import ConfigurationError


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("models:/scaler@champion", Reference("scaler", alias="champion")),
        ("models:/scaler/3", Reference("scaler", version="3")),
        ("models:/scaler/007", Reference("scaler", version="7")),
        ("models:/my scaler.v2@a-b_c", Reference("my scaler.v2", alias="a-b_c")),
        ("/mnt/models", Path("/mnt/models")),
        ("made/here", Path("made/here")),
        ("file:///mnt/my%20models", Path("/mnt/my models")),
        ("a folder: mine/model", Path("a folder: mine/model")),
        ("runs:/0a1b/model", RunPath("0a1b", "model")),
        ("runs:/0a1b/deep/model/", RunPath("0a1b", "deep/model")),
        ("runs:/0a1b", RunPath("0a1b", "")),
        ("s3://bucket/model", Location("s3", "bucket/model")),
        ("s3:bucket/model", Location("s3", "bucket/model")),
        ("minio:///bucket/model/", Location("minio", "bucket/model/")),
        ("gs:bucket", Location("gs", "bucket")),
        ("https://host/a/model.zip?sign=1", Location("https", "host/a/model.zip?sign=1")),
    ],
)
def test_uri_is_understood(uri: str, expected: object) -> None:
    assert parse(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "models:/scaler",
        "models:/scaler/Production",
        "models:/scaler/latest",
        "models:/scaler@latest",
        "models:/..@champion",
        "models:/scaler/3/sub",
        "models:scaler/3",
        "file://other-host/model",
        "s3://",
        "runs:/",
        "runs:/0a1b/../other",
        "https://host/folder/",
    ],
)
def test_other_uri_is_a_configuration_error(uri: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(uri)
    assert raised.value.hint


def test_shown_uri_has_no_password_and_no_signature() -> None:
    location = parse("https://me:secret@host/a%20b/model.zip?sign=secret#part")
    assert isinstance(location, Location)
    assert (location.shown, location.name) == ("https://host/a%20b/model.zip", "model.zip")


def test_name_with_a_question_mark_is_only_cut_in_the_web() -> None:
    location = parse("s3://bucket/what?/model@2")
    assert isinstance(location, Location)
    assert (location.shown, location.name) == ("s3://bucket/what?/model@2", "model@2")
