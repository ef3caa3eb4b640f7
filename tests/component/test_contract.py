"""What a class may define, and what its author is told when a graph cannot use it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from servegraph.component import Component, build, load, read
from servegraph.errors import ArtifactNotFound, ComponentMismatch


def mismatch(action: Callable[[], object]) -> ComponentMismatch:
    with pytest.raises(ComponentMismatch) as caught:
        action()
    return caught.value


class Threshold:
    def __init__(self, level: float, name: str = "t") -> None:
        if level < 0:
            raise ValueError("level is below zero")
        self.level = level


class Plain:
    def predict(self, X: Any, names: Any) -> Any:
        return X


# build


def test_build_passes_the_arguments_to_the_constructor():
    built = build(Threshold, "n", {"level": 0.5})
    assert isinstance(built, Threshold)
    assert built.level == 0.5
    assert isinstance(build(Plain, "n", {}), Plain)


@pytest.mark.parametrize(
    ("cls", "arguments", "text", "hint"),
    [
        (
            Threshold,
            {"name": "x"},
            "node 'n': Threshold: missing a required argument: 'level'",
            "Threshold takes (level: float, name: str = 't') -> None; give exactly those as the node's parameters",
        ),
        (
            Threshold,
            {"level": 1, "depth": 2},
            "node 'n': Threshold: got an unexpected keyword argument 'depth'",
            "Threshold takes (level: float, name: str = 't') -> None; give exactly those as the node's parameters",
        ),
        (
            Plain,
            {"model_uri": "x"},
            "node 'n': Plain: got an unexpected keyword argument 'model_uri'",
            "Plain takes (); give exactly those as the node's parameters",
        ),
    ],
)
def test_build_refuses_other_arguments_with_the_signature(cls: type, arguments: dict[str, Any], text: str, hint: str):
    error = mismatch(lambda: build(cls, "n", arguments))
    assert (str(error), error.hint) == (text, hint)


def test_build_says_what_the_constructor_raised():
    error = mismatch(lambda: build(Threshold, "n", {"level": -1}))
    assert str(error) == "node 'n': Threshold(...) raised ValueError: level is below zero"
    assert isinstance(error.__cause__, ValueError)


def test_build_lets_errors_of_the_library_pass():
    class Pulls:
        def __init__(self) -> None:
            raise ArtifactNotFound("no such artifact", hint="register it")

    with pytest.raises(ArtifactNotFound):
        build(Pulls, "n", {})


# load


def test_load_is_called_once_when_there_is_one():
    class Loads:
        count = 0

        def load(self) -> None:
            self.count += 1

    instance = Loads()
    load(instance, "n")
    assert instance.count == 1
    load(Plain(), "n")


def test_load_that_is_not_implemented_is_none():
    class Abstract:
        def load(self) -> None:
            raise NotImplementedError

    load(Abstract(), "n")


def test_load_says_what_it_raised():
    class Broken:
        def load(self) -> None:
            raise KeyError("weights")

    error = mismatch(lambda: load(Broken(), "n"))
    assert str(error) == "node 'n': load() raised KeyError: 'weights'"
    assert isinstance(error.__cause__, KeyError)


def test_an_attribute_error_in_load_is_told_and_passed_over(caplog: pytest.LogCaptureFixture):
    """Seldon takes it for "there is no load()", and says nothing."""

    class Typo:
        def load(self) -> None:
            self.modle.predict()  # type: ignore[attr-defined]

    load(Typo(), "n")
    assert caplog.messages == [
        "node 'n': load() raised AttributeError: 'Typo' object has no attribute 'modle'; it is served as it is"
    ]


def test_load_lets_errors_of_the_library_pass():
    class Pulls:
        def load(self) -> None:
            raise ArtifactNotFound("no such artifact", hint="register it")

    with pytest.raises(ArtifactNotFound, match="^no such artifact$"):
        load(Pulls(), "n")


def test_an_error_class_of_the_project_is_no_error_of_the_library():
    """Mounted code lives below `servegraph.project.files`, and its own exceptions with it."""
    own = type("BadWeights", (Exception,), {"__module__": "servegraph.project.files.models.fraud"})

    class Broken:
        def load(self) -> None:
            raise own("corrupt")

    assert str(mismatch(lambda: load(Broken(), "n"))) == "node 'n': load() raised BadWeights: corrupt"


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_load_that_is_async_is_refused_rather_than_never_run():
    class Async:
        async def load(self) -> None:
            raise AssertionError

    mismatch(lambda: load(Async(), "n"))


# read


class Everything:
    class_names = ("a", "b")

    def predict(self, X: Any, names: Any, meta: Any = None) -> Any: ...
    def transform_input(self, X: Any, names: Any, meta: Any) -> Any: ...
    def transform_output(self, X: Any, names: Any) -> Any: ...
    async def route(self, X: Any, names: Any, **more: Any) -> Any: ...
    def aggregate(self, Xs: Any, names: Any) -> Any: ...
    def send_feedback(self, X: Any, names: Any, reward: Any, truth: Any, routing: Any = None) -> Any: ...
    def tags(self) -> Any: ...
    def metrics(self) -> Any: ...


def hooks(component: Component) -> dict[str, tuple[bool, bool]]:
    names = ("predict", "transform_input", "transform_output", "route", "aggregate", "send_feedback")
    found = {name: getattr(component, name).plain for name in names}
    return {name: (hook.is_async, hook.takes_meta) for name, hook in found.items() if hook}


def test_read_finds_every_method_and_whether_it_takes_meta():
    component = read(Everything(), "n", ["predict"])
    assert hooks(component) == {
        "predict": (False, True),
        "transform_input": (False, True),
        "transform_output": (False, False),
        "route": (True, True),
        "aggregate": (False, False),
        "send_feedback": (False, False),
    }
    assert component.class_names == ("a", "b")
    assert component.tags is not None
    assert component.metrics is not None


def test_read_finds_nothing_in_an_empty_class():
    component = read(object(), "n")
    assert hooks(component) == {}
    assert (component.class_names, component.tags, component.metrics) == (None, None, None)


@pytest.mark.parametrize("names", [("no", "yes"), ["no", "yes"], lambda self: ["no", "yes"]])
def test_class_names_may_be_an_attribute_or_a_method(names: Any):
    component = read(type("C", (), {"class_names": names})(), "n")
    assert component.class_names == ("no", "yes")
    assert list(component.current_class_names()) == ["no", "yes"]


def test_class_names_that_come_with_the_first_prediction_are_found_then():
    class Late:
        def class_names(self) -> list[str]:
            return self.labels  # type: ignore[attr-defined, no-any-return]

    late = Late()
    component = read(late, "n")
    assert component.class_names is None
    late.labels = ["a"]  # type: ignore[attr-defined]
    assert component.current_class_names() == ["a"]


@pytest.mark.parametrize("needed", ["predict", "route", "aggregate"])
def test_a_needed_method_that_is_missing_is_named(needed: str):
    error = mismatch(lambda: read(object(), "n", [needed]))
    assert str(error) == f"node 'n': object has no {needed}"
    assert error.hint == "define it, or give the node another type"


def test_a_needed_method_that_is_no_method_is_missing():
    error = mismatch(lambda: read(type("C", (), {"predict": 5})(), "n", ["predict"]))
    assert str(error) == "node 'n': C has no predict"


@pytest.mark.parametrize("name", ["route", "aggregate", "tags", "metrics"])
def test_an_attribute_of_a_methods_name_is_no_traceback(name: str):
    """A model may well hold `self.metrics = {}` or `self.route = "/x"`."""
    instance = type("C", (), {name: {"a": 1}, "predict": lambda self, X, names: X})()
    try:
        component = read(instance, "n", ["predict"])
    except ComponentMismatch:
        return
    assert not getattr(component, name)


@pytest.mark.parametrize(
    ("name", "method", "text", "hint"),
    [
        (
            "predict",
            lambda self, X: X,
            "node 'n': predict(X) cannot be called with 2 arguments",
            "write it as predict(self, X, names, meta=None)",
        ),
        (
            "predict",
            lambda self, X, names, meta, extra: X,
            "node 'n': predict(X, names, meta, extra) cannot be called with 2 arguments",
            "write it as predict(self, X, names, meta=None)",
        ),
        (
            "transform_input",
            lambda self: None,
            "node 'n': transform_input() cannot be called with 2 arguments",
            "write it as transform_input(self, X, names, meta=None)",
        ),
        (
            "transform_output",
            lambda self, X: X,
            "node 'n': transform_output(X) cannot be called with 2 arguments",
            "write it as transform_output(self, X, names, meta=None)",
        ),
        (
            "route",
            lambda self, X: 0,
            "node 'n': route(X) cannot be called with 2 arguments",
            "write it as route(self, X, names, meta=None)",
        ),
        (
            "aggregate",
            lambda self, Xs: Xs,
            "node 'n': aggregate(Xs) cannot be called with 2 arguments",
            "write it as aggregate(self, features_list, names_list)",
        ),
        (
            "send_feedback",
            lambda self, X, names, reward: None,
            "node 'n': send_feedback(X, names, reward) cannot be called with 4 arguments",
            "write it as send_feedback(self, X, names, reward, truth, routing=None)",
        ),
    ],
)
def test_a_method_of_the_wrong_arity_is_refused_with_the_right_one(name: str, method: Any, text: str, hint: str):
    instance = type("C", (), {name: method})()
    error = mismatch(lambda: read(instance, "n", [name]))
    assert (str(error), error.hint) == (text, hint)
    assert getattr(read(instance, "n"), name).plain.call == getattr(instance, name)  # a call will tell


def test_a_hook_calls_the_instance():
    hook = read(Plain(), "n", ["predict"]).predict.plain
    assert hook is not None
    assert hook.call([1], []) == [1]


def test_an_async_hook_is_a_coroutine_function():
    class Async:
        async def predict(self, X: Any, names: Any) -> Any:
            return [X]

    hook = read(Async(), "n", ["predict"]).predict.plain
    assert hook is not None
    assert hook.is_async
    assert asyncio.run(hook.call(1, [])) == [1]


def test_methods_inherited_from_seldons_base_class_count_as_absent():
    """They raise "not implemented", also `class_names` and `tags`, which every call would meet."""
    from seldon_core.user_model import SeldonComponent

    class Fraud(SeldonComponent):
        def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
            return X

    component = read(Fraud(), "n", ["predict"])
    assert hooks(component) == {"predict": (False, True)}
    assert (component.class_names, component.tags, component.metrics) == (None, None, None)
    mismatch(lambda: read(Fraud(), "n", ["route"]))
    assert component.extends_seldons
    assert not read(Plain(), "n").extends_seldons


def test_methods_that_take_the_whole_message_serve_a_node_as_well():
    class Raw:
        def predict_raw(self, message: Any) -> Any: ...
        def route_rest(self, message: Any) -> Any: ...

    component = read(Raw(), "n", ["predict", "route"])
    assert (component.predict.takes_whole, component.route.takes_whole) == (True, True)
    assert not component.aggregate


def test_of_the_older_methods_one_stands_in_for_the_other_but_for_predict():
    def method(self: Any, message: Any) -> Any: ...

    names = ["predict_rest", "transform_input_grpc", "aggregate_rest", "aggregate_grpc"]
    instance = type("C", (), dict.fromkeys(names, method))()
    component = read(instance, "n")
    assert set(component.predict.older) == {"rest"}
    assert set(component.transform_input.older) == {"rest", "grpc"}
    assert {hook.call.__name__ for hook in component.aggregate.older.values()} == {"method"}
