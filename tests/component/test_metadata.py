"""The metadata document of a component, and which ones are refused."""

from typing import Any

import pytest

from servegraph.component import SeldonNotImplementedError
from servegraph.errors import UnitFailed

DEFAULTS = {"name": "", "versions": [""], "platform": "", "inputs": [], "outputs": [], "custom": {}}


def saying(document: Any) -> Any:
    return type("C", (), {"init_metadata": lambda self: document})()


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [("", "", ""), ("img", "", "img"), ("img:1", "img", "1"), ("reg:5000/img:1.2", "reg:5000/img", "1.2")],
)
def test_name_and_version_come_from_the_image(call: Any, image: str, name: str, version: str):
    assert call(object(), "u", image).caller.metadata() == {**DEFAULTS, "name": name, "versions": [version]}


@pytest.mark.parametrize(
    ("overlay", "changes"),
    [
        ("", {}),
        ("name: y", {"name": "y"}),
        ("versions: [v1]\ncustom: {a: b}", {"versions": ["v1"], "custom": {"a": "b"}}),
        ("[1]", {}),
        ("a: [", {}),
        ("name: !!python/object/apply:os.getcwd []", {}),
    ],
)
def test_yaml_overrides_what_the_class_says(call: Any, overlay: str, changes: Any):
    called = call(saying({"name": "own", "platform": "p"}), metadata_overlay=overlay)
    assert called.caller.metadata() == {**DEFAULTS, "name": "own", "platform": "p", **changes}


@pytest.mark.parametrize("document", [None, [1], "x", {}])
def test_what_is_no_object_counts_for_nothing(call: Any, document: Any):
    assert call(saying(document)).caller.metadata() == DEFAULTS


def test_the_class_is_asked_once_and_may_decline(call: Any):
    class Counting:
        calls = 0

        def init_metadata(self) -> Any:
            self.calls += 1
            return {"name": "n"}

    def decline(self: Any) -> Any:
        raise SeldonNotImplementedError("x")

    counting = Counting()
    called = call(counting)
    assert (called.caller.metadata(), called.caller.metadata(), counting.calls) == ({**DEFAULTS, "name": "n"},) * 2 + (
        1,
    )
    assert call(type("C", (), {"init_metadata": decline})()).caller.metadata() == DEFAULTS


def test_a_class_that_raises_says_why(call: Any):
    with pytest.raises(UnitFailed, match="division by zero"):
        call(type("C", (), {"init_metadata": lambda self: 1 / 0})()).caller.metadata()


@pytest.mark.parametrize(
    "tensor",
    [
        {},
        {"messagetype": "tensor"},
        {"messagetype": "ndarray", "schema": {"names": ["a"], "shape": [1, -1]}},
        {"messagetype": "tftensor", "schema": {"shape": [1.0]}},
        {"messagetype": "jsonData", "schema": {"type": "string", "x": [1]}},
        {"messagetype": "strData"},
        {"messagetype": "binData"},
        {"messagetype": "customData", "schema": {}},
        {"messagetype": "mine"},
        {"name": "a", "datatype": "FP32", "shape": [-1, 3]},
        {"name": "a"},
    ],
)
def test_inputs_and_outputs_in_either_form_are_valid(call: Any, tensor: Any):
    assert call(saying({"inputs": [tensor], "outputs": [tensor]})).caller.metadata()["outputs"] == [tensor]


@pytest.mark.parametrize(
    "document",
    [
        {"name": 5},
        {"platform": None},
        {"versions": "v1"},
        {"versions": [1]},
        {"custom": {"a": 1}},
        {"custom": []},
        {"extra": 1},
        {"inputs": {}},
        {"inputs": None},
        *(
            {"inputs": [tensor]}
            for tensor in (
                5,
                None,
                {"messagetype": 5},
                {"messagetype": []},
                {"messagetype": "tensor", "schema": {"names": [1]}},
                {"messagetype": "tensor", "schema": {"names": None}},
                {"messagetype": "tensor", "schema": {"shape": [1.5]}},
                {"messagetype": "tensor", "schema": {"shape": [True]}},
                {"messagetype": "tensor", "schema": {"x": 1}},
                {"messagetype": "tensor", "schema": []},
                {"messagetype": "tensor", "name": "x"},
                {"messagetype": "strData", "schema": {}},
                {"messagetype": "mine", "schema": [1]},
                {"name": "a", "datatype": "fp32"},
                {"name": "a", "datatype": [], "shape": [1]},
                {"name": "a", "shape": 1},
                {"name": "a", "shape": ["1"]},
                {"name": "a", "x": 1},
            )
        ),
    ],
)
def test_anything_else_is_refused(call: Any, document: Any):
    with pytest.raises(UnitFailed) as caught:
        call(saying(document)).caller.metadata()
    told = (caught.value.status, caught.value.reason, caught.value.message)
    assert told == (500, "MICROSERVICE_BAD_METADATA", "Model metadata unavailable")
