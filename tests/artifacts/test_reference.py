"""How artifacts may be asked for."""

from pathlib import Path

import pytest

from servegraph.artifacts.reference import Reference, parse
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
        "s3://bucket/model",
        "gs:bucket",
        "file://other-host/model",
    ],
)
def test_other_uri_is_a_configuration_error(uri: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(uri)
    assert raised.value.hint
