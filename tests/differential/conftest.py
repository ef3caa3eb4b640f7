"""The pairs of servers, each started when the first test asks for it and ended with the session."""

from collections.abc import Iterator

import pytest
from tests.differential.pair import Pair, running


def _pair(name: str, reference: str, *flags: str, **env: str) -> object:
    @pytest.fixture(scope="session", name=name)
    def fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
        with running(reference, tmp_path_factory.mktemp(name), flags, env) as pair:
            yield pair

    return fixture


chameleon = _pair(
    "chameleon", "chameleon.Chameleon", PREDICTIVE_UNIT_ID="unit", PREDICTIVE_UNIT_IMAGE="host:5000/unit:1.2"
)
decorated = _pair(
    "decorated",
    "decorated.Decorated",
    *("--service-type", "TRANSFORMER", "--parameters", '[{"name": "offset", "value": "2", "type": "INT"}]'),
)
raw = _pair("raw", "raw.Raw", PREDICTIVE_UNIT_ID="unit")
bare = _pair("bare", "bare.Bare")
