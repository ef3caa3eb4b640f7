"""The environment's words."""

import pytest

from servegraph import settings
from servegraph.errors import ConfigurationError


def test_what_is_not_said_has_its_default():
    assert settings.read({}) == settings.Settings(None, 100_000, 50, 100, False)


def test_what_is_said_counts():
    rates = {"SERVEGRAPH_LOG_BUSY_RATE": "7", "SERVEGRAPH_DRIFT_BUSY_RATE": "8"}
    said = {"SERVEGRAPH_FEEDBACK_MEMORY": "5", **rates, "SERVEGRAPH_DEBUG": "yes"}
    assert settings.read(said) == settings.Settings(None, 5, 7, 8, True)


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_what_is_no_number_is_refused_by_name(text: str):
    with pytest.raises(ConfigurationError, match=f"SERVEGRAPH_LOG_BUSY_RATE is '{text}'"):
        settings.read({"SERVEGRAPH_LOG_BUSY_RATE": text})
