"""What a user's class offers, read once when it is loaded.

A component is a plain class with Seldon's method names; a missing method has Seldon's default.

Source:
    The user class contract of seldon-core's component server: `predict(X, names, meta=...)`,
    where `meta` is passed only to methods that take it; `aggregate(Xs, names_list)`;
    `send_feedback(X, names, reward, truth, routing=...)`; `class_names`, `tags`, `metrics`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from servegraph.errors import ComponentMismatch, ServeGraphError

Method = Callable[..., Any]

_WHERE = "SERVEGRAPH_DEBUG=1 shows where"


@dataclass(frozen=True, slots=True)
class Hook:
    """One bound method: whether it is a coroutine function, and takes `meta`."""

    call: Method
    is_async: bool
    takes_meta: bool


@dataclass(frozen=True, slots=True)
class Component:
    """A loaded component. A hook is None where the class has no such method."""

    instance: object
    predict: Hook | None
    transform_input: Hook | None
    transform_output: Hook | None
    route: Hook | None
    aggregate: Hook | None
    send_feedback: Hook | None
    class_names: tuple[str, ...] | None
    tags: Method | None
    metrics: Method | None


def build(cls: type, node: str, arguments: Mapping[str, Any]) -> object:
    """An instance of a component's class.

    Raises:
        ComponentMismatch: the constructor does not take these arguments, or raises.
    """
    try:
        inspect.signature(cls).bind(**arguments)
    except TypeError as error:
        hint = f"{cls.__name__} takes {inspect.signature(cls)}; give exactly those as the node's parameters"
        raise ComponentMismatch(f"node {node!r}: {cls.__name__}: {error}", hint=hint) from error
    try:
        return cls(**arguments)
    except ServeGraphError:
        raise
    except Exception as error:
        raise ComponentMismatch(f"node {node!r}: {cls.__name__}(...) raised {_text(error)}", hint=_WHERE) from error


def load(instance: object, node: str) -> None:
    """Call the component's `load()`, if it has one. Errors of this library pass unchanged.

    Raises:
        ComponentMismatch: `load()` raised something else.
    """
    method = _method(instance, "load")
    if method is None:
        return
    if inspect.iscoroutinefunction(method):
        raise ComponentMismatch(f"node {node!r}: load() is a coroutine function", hint="write it without async")
    try:
        method()
    except NotImplementedError:
        return
    except ServeGraphError:
        raise
    except Exception as error:
        raise ComponentMismatch(f"node {node!r}: load() raised {_text(error)}", hint=_WHERE) from error


def read(instance: object, node: str, needs: Sequence[str] = ()) -> Component:
    """The contract of a loaded instance. `needs` are the methods without which its node cannot work.

    Raises:
        ComponentMismatch: a needed method is missing, or a method takes other arguments.
    """
    missing = [name for name in needs if _method(instance, name) is None]
    if missing:
        raise ComponentMismatch(
            f"node {node!r}: {type(instance).__name__} has no {', '.join(missing)}",
            hint="define it, or give the node another type",
        )
    return Component(
        instance=instance,
        predict=_hook(instance, "predict", node, 2),
        transform_input=_hook(instance, "transform_input", node, 2),
        transform_output=_hook(instance, "transform_output", node, 2),
        route=_hook(instance, "route", node, 2),
        aggregate=_hook(instance, "aggregate", node, 2),
        send_feedback=_hook(instance, "send_feedback", node, 4),
        class_names=_class_names(instance, node),
        tags=_method(instance, "tags"),
        metrics=_method(instance, "metrics"),
    )


def _method(instance: object, name: str) -> Method | None:
    """The method, unless it is Seldon's own base class saying "not implemented"."""
    method = getattr(instance, name, None)
    if not callable(method) or getattr(method, "__module__", "") == "seldon_core.user_model":
        return None
    return cast(Method, method)


def _hook(instance: object, name: str, node: str, positional: int) -> Hook | None:
    method = _method(instance, name)
    if method is None:
        return None
    signature = inspect.signature(method)
    keyword = "routing" if name == "send_feedback" else "meta"
    takes_meta = name != "aggregate" and _accepts(signature, positional, **{keyword: None})
    if not takes_meta and not _accepts(signature, positional):
        raise ComponentMismatch(
            f"node {node!r}: {name}{signature} cannot be called with {positional} arguments",
            hint=_SHAPES[name],
        )
    return Hook(method, inspect.iscoroutinefunction(method), takes_meta)


def _accepts(signature: inspect.Signature, positional: int, **keywords: object) -> bool:
    try:
        signature.bind(*([None] * positional), **keywords)
    except TypeError:
        return False
    return True


_SHAPES = {
    "predict": "write it as predict(self, X, names, meta=None)",
    "transform_input": "write it as transform_input(self, X, names, meta=None)",
    "transform_output": "write it as transform_output(self, X, names, meta=None)",
    "route": "write it as route(self, X, names, meta=None)",
    "aggregate": "write it as aggregate(self, features_list, names_list)",
    "send_feedback": "write it as send_feedback(self, X, names, reward, truth, routing=None)",
}


def _class_names(instance: object, node: str) -> tuple[str, ...] | None:
    names = getattr(instance, "class_names", None)
    try:
        value = names if not callable(names) else _call(_method(instance, "class_names"))
        return None if value is None else tuple(str(name) for name in value)
    except Exception as error:
        raise ComponentMismatch(f"node {node!r}: class_names raised {_text(error)}", hint=_WHERE) from error


def _call(method: Method | None) -> Any:
    return None if method is None else method()


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
