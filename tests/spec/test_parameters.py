"""Parameters are text in the manifest and Python values in the constructor."""

import re
from typing import Any

import pytest

from servegraph.spec import Parameter


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (True, "true", "BOOL"),
        (False, "false", "BOOL"),
        (200, "200", "INT"),
        (-1, "-1", "INT"),
        (0.01, "0.01", "DOUBLE"),
        (1e-05, "1e-05", "DOUBLE"),
        (2.0, "2.0", "DOUBLE"),
        ("predict", "predict", "STRING"),
        ("", "", "STRING"),
        ("true", "true", "STRING"),
    ],
)
def test_a_python_value_survives_as_text(value: bool | int | float | str, text: str, kind: str):
    parameter = Parameter.of("p", value)
    assert parameter.as_json() == {"name": "p", "value": text, "type": kind}
    assert parameter.python_value() == value
    assert type(parameter.python_value()) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("INT", "7", 7),
        ("FLOAT", "7", 7.0),
        ("DOUBLE", "1e3", 1000.0),
        ("STRING", "7", "7"),
        ("BOOL", "True", True),
        ("BOOL", "yes", True),
        ("BOOL", "1", True),
        ("BOOL", "OFF", False),
        ("BOOL", "n", False),
        ("BOOL", "0", False),
    ],
)
def test_text_is_read_as_its_type_says(kind: Any, text: str, value: object):
    found = Parameter(name="p", value=text, type=kind).python_value()
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("INT", "seven", "invalid literal for int() with base 10: 'seven'"),
        ("INT", "7.0", "invalid literal for int() with base 10: '7.0'"),
        ("FLOAT", "x", "could not convert string to float: 'x'"),
        ("BOOL", "maybe", "'maybe' is no truth value; write true or false"),
        ("BOOL", "", "'' is no truth value; write true or false"),
    ],
)
def test_text_of_another_type_is_refused(kind: Any, text: str, message: str):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Parameter(name="p", value=text, type=kind).python_value()


def test_other_python_values_have_no_parameter():
    value: Any = [1, 2]
    with pytest.raises(TypeError, match="^parameter 'p': list is none of bool, int, float, str$"):
        Parameter.of("p", value)
