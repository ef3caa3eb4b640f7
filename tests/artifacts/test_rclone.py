"""rclone's variables and the clouds' own, as the options of s3fs, gcsfs and adlfs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from servegraph.artifacts.access import Access
from servegraph.artifacts.rclone import access
from servegraph.artifacts.reference import Location, parse
from servegraph.errors import ConfigurationError

PATH_STYLE = {"s3": {"addressing_style": "path"}}
ACCOUNT = {"type": "service_account", "client_email": "a@b"}


def _access(uri: str, variables: Mapping[str, str]) -> Access:
    location = parse(uri)
    assert isinstance(location, Location)
    return access(location, variables)


def _remote(name: str, **options: str) -> dict[str, str]:
    return {f"RCLONE_CONFIG_{name}_{option.upper()}": value for option, value in options.items()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"provider": "Minio", "access_key_id": "me", "secret_access_key": "x", "endpoint": "http://minio:9000"},
            {"key": "me", "secret": "x", "endpoint_url": "http://minio:9000", "config_kwargs": PATH_STYLE},
        ),
        (
            {"provider": "AWS", "access_key_id": "me", "secret_access_key": "x", "region": "eu-west-1"},
            {"key": "me", "secret": "x", "client_kwargs": {"region_name": "eu-west-1"}},
        ),
        (
            {"access_key_id": "me", "secret_access_key": "x", "session_token": "t", "endpoint": "s3.wasabisys.com"},
            {
                "key": "me",
                "secret": "x",
                "token": "t",
                "endpoint_url": "https://s3.wasabisys.com",
                "config_kwargs": PATH_STYLE,
            },
        ),
        (
            {"env_auth": "true", "endpoint": "http://minio:9000", "force_path_style": "false"},
            {"endpoint_url": "http://minio:9000"},
        ),
        ({"env_auth": "true", "profile": "team"}, {"profile": "team"}),
        ({"provider": "AWS"}, {"anon": True}),
    ],
)
def test_s3_remote_becomes_options_of_s3fs(options: dict[str, str], expected: dict[str, Any]) -> None:
    found = _access("mine:bucket/x", _remote("MINE", type="s3", **options))
    assert (found.protocol, found.options) == ("s3", expected)


def test_env_auth_takes_the_variables_of_aws() -> None:
    variables = {**_remote("S3", type="s3", env_auth="true", region="eu-west-1"), "AWS_ACCESS_KEY_ID": "me"}
    variables |= {"AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-2"}
    expected = {"key": "me", "secret": "x", "client_kwargs": {"region_name": "eu-west-1"}}
    assert _access("s3://bucket/x", variables).options == expected


def test_s3_without_a_remote_takes_the_variables_of_aws() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": "http://minio:9000"}
    assert _access("s3://bucket/x", variables) == Access(
        "s3",
        {"key": "me", "secret": "x", "endpoint_url": "http://minio:9000", "config_kwargs": PATH_STYLE},
        "http://minio:9000",
    )
    assert _access("s3://bucket/x", {}).options == {}


def test_half_a_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="half a key") as raised:
        _access("mine:b/x", _remote("MINE", type="s3", access_key_id="me"))
    assert raised.value.hint == "set RCLONE_CONFIG_MINE_SECRET_ACCESS_KEY as well"


@pytest.mark.parametrize(
    ("options", "token"),
    [
        ({"anonymous": "true"}, "anon"),
        ({"service_account_credentials": json.dumps(ACCOUNT)}, ACCOUNT),
        ({"service_account_file": "/keys/a.json"}, "/keys/a.json"),
        ({"access_token": "ya29"}, "ya29"),
        ({"env_auth": "true"}, "google_default"),
        ({}, "google_default"),
    ],
)
def test_google_remote_becomes_options_of_gcsfs(options: dict[str, str], token: object) -> None:
    found = _access("gcs:bucket/x", _remote("GCS", type="google cloud storage", **options))
    assert (found.protocol, found.options) == ("gs", {"token": token})


@pytest.mark.parametrize("text", ["{", "[]", "/keys/a.json"])
def test_account_that_is_no_json_object_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="RCLONE_CONFIG_GCS_SERVICE_ACCOUNT_CREDENTIALS is no JSON") as raised:
        _access("gcs:b/x", _remote("GCS", type="google cloud storage", service_account_credentials=text))
    assert "/keys" not in str(raised.value)


@pytest.mark.parametrize(
    ("variables", "token"), [({}, "anon"), ({"GOOGLE_APPLICATION_CREDENTIALS": "/keys/a.json"}, "/keys/a.json")]
)
def test_gs_without_a_remote_is_anonymous_unless_there_are_credentials(variables: dict[str, str], token: str) -> None:
    assert _access("gs://bucket/x", variables) == Access("gs", {"token": token})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"account": "team", "key": "k=="}, {"account_name": "team", "account_key": "k==", "anon": False}),
        ({"account": "team"}, {"account_name": "team", "anon": True}),
        ({"account": "team", "env_auth": "true"}, {"account_name": "team", "anon": False}),
        (
            {"sas_url": "https://team.blob.core.windows.net/c?sv=1&sig=2"},
            {"account_name": "team", "sas_token": "sv=1&sig=2", "anon": False},
        ),
        (
            {"account": "dev", "key": "k==", "endpoint": "http://azurite:10000/dev"},
            {"connection_string": "BlobEndpoint=http://azurite:10000/dev;AccountName=dev;AccountKey=k=="},
        ),
    ],
)
def test_azure_remote_becomes_options_of_adlfs(options: dict[str, str], expected: dict[str, Any]) -> None:
    found = _access("az:container/x", _remote("AZ", type="azureblob", **options))
    assert (found.protocol, found.options) == ("az", expected)


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("pvc://models/iris/v3", "the volume claim 'models' is in the cluster", "copy its folder iris/v3 here"),
        ("hf://org/model", "Hugging Face's 'org/model' cannot be pulled", "hf download"),
        ("minio:bucket/x", "nothing says what 'minio' in 'minio://bucket/x' is", "set RCLONE_CONFIG_MINIO_TYPE"),
    ],
)
def test_unknown_remote_says_what_to_do(uri: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        _access(uri, {})
    assert hint in str(raised.value.hint)


def test_type_that_is_not_read_here_lists_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="type 'dropbox' cannot be read here") as raised:
        _access("box:x", _remote("BOX", type="dropbox"))
    assert raised.value.hint == "it can be: azureblob, google cloud storage, s3"


def test_secrets_do_not_show_in_a_representation() -> None:
    assert "hidden" not in repr(_access("s3://b/x", {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "hidden"}))
