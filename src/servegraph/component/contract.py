"""What a user's class offers, read once when it is loaded.

A component is a plain class with Seldon's method names; a missing method has Seldon's default.

Source:
    The user class contract of seldon-core's component server: `predict(X, names, meta=...)`,
    where `meta` is passed to methods that take it; `aggregate(Xs, names_list)`;
    `send_feedback(X, names, reward, truth, routing=...)`; `X_raw`, and before it the older
    `X_rest` and `X_grpc`, get the whole message. It learns whether a method takes `meta` by
    calling it twice; here the signature says so.
"""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from servegraph.errors import ComponentMismatch, ServeGraphError
from servegraph.payload.envelope import Transport

Method = Callable[..., Any]

_WHERE = "SERVEGRAPH_DEBUG=1 shows where"
_SELDONS_BASE_CLASS = "seldon_core.user_model"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hook:
    """One bound method: whether it is a coroutine function, and takes `meta`."""

    call: Method
    is_async: bool = False
    takes_meta: bool = False


@dataclass(frozen=True, slots=True)
class Hooks:
    """The methods that answer one kind of call.

    Attributes:
        plain: gets decoded values.
        raw: gets the whole message: a JSON document, or a protobuf over gRPC.
        older: the same, by transport; it is asked before `raw`.
        is_async: whether any of them is a coroutine function.
    """

    plain: Hook | None
    raw: Hook | None
    older: Mapping[Transport, Hook]
    is_async: bool

    @property
    def takes_whole(self) -> bool:
        """Whether any of them gets the whole message."""
        return self.raw is not None or bool(self.older)

    def __bool__(self) -> bool:
        return self.plain is not None or self.takes_whole


@dataclass(frozen=True, slots=True)
class Component:
    """A loaded component.

    Attributes:
        class_names: the names of the outputs when it was loaded; None for the default ones.
        current_class_names: asks for them anew.
        error_handler: a Flask blueprint, where the class has its own answers to its exceptions.
        extends_seldons: whether the class is derived from seldon_core's, which words some answers differently.
    """

    instance: object
    predict: Hooks
    transform_input: Hooks
    transform_output: Hooks
    route: Hooks
    aggregate: Hooks
    send_feedback: Hooks
    health_status: Hooks
    class_names: tuple[str, ...] | None
    current_class_names: Method
    tags: Method | None
    metrics: Method | None
    init_metadata: Method | None
    error_handler: Any
    extends_seldons: bool


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

    An AttributeError counts as "there is no load()", as it does for Seldon; but it is told.

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
    except AttributeError as error:
        log.warning("node %r: load() raised %s; it is served as it is", node, _text(error))
    except ServeGraphError:
        raise
    except Exception as error:
        raise ComponentMismatch(f"node {node!r}: load() raised {_text(error)}", hint=_WHERE) from error


def read(instance: object, node: str, needs: Sequence[str] = ()) -> Component:
    """The contract of a loaded instance. `needs` are the methods without which its node cannot work.

    Raises:
        ComponentMismatch: a needed method is missing, or takes other arguments.
    """
    hooks = {name: _hooks(instance, name) for name in _SHAPES}
    missing = [name for name in needs if not hooks[name]]
    if missing:
        raise ComponentMismatch(
            f"node {node!r}: {type(instance).__name__} has no {', '.join(missing)}",
            hint="define it, or give the node another type",
        )
    for name in needs:
        _check(hooks[name].plain, name, node)
    current_class_names = _current_class_names(instance)
    return Component(
        instance=instance,
        **hooks,
        class_names=_called_once(current_class_names),
        current_class_names=current_class_names,
        tags=_method(instance, "tags"),
        metrics=_method(instance, "metrics"),
        init_metadata=_method(instance, "init_metadata"),
        error_handler=getattr(instance, "model_error_handler", None),
        extends_seldons=any(base.__module__ == _SELDONS_BASE_CLASS for base in type(instance).__mro__),
    )


def _method(instance: object, name: str) -> Method | None:
    """The method, unless it is Seldon's own base class saying "not implemented"."""
    method = getattr(instance, name, None)
    if not callable(method) or getattr(method, "__module__", "") == _SELDONS_BASE_CLASS:
        return None
    return cast(Method, method)


def _hooks(instance: object, name: str) -> Hooks:
    plain, raw, older = _hook(instance, name), _hook(instance, f"{name}_raw"), _older(instance, name)
    is_async = any(hook.is_async for hook in (plain, raw, *older.values()) if hook is not None)
    return Hooks(plain, raw, older, is_async)


def _older(instance: object, name: str) -> Mapping[Transport, Hook]:
    rest, grpc = _hook(instance, f"{name}_rest"), _hook(instance, f"{name}_grpc")
    if name == "health_status":
        return {}
    if name != "predict":  # for all others, one stands in for both
        rest = grpc = rest or grpc
    hooks: Mapping[Transport, Hook | None] = {"rest": rest, "grpc": grpc}
    return {transport: hook for transport, hook in hooks.items() if hook is not None}


def _hook(instance: object, name: str) -> Hook | None:
    method = _method(instance, name)
    if method is None:
        return None
    takes_meta = name in _TAKE_META and _accepts(method, 2, meta=None)
    return Hook(method, inspect.iscoroutinefunction(method), takes_meta)


def _accepts(method: Method, positional: int, **keywords: object) -> bool:
    try:
        inspect.signature(method).bind(*([None] * positional), **keywords)
    except (TypeError, ValueError):  # it does not, or is of a kind that has no signature
        return False
    return True


def _check(hook: Hook | None, name: str, node: str) -> None:
    if hook is None:
        return
    positional, keywords = (4, {"routing": None}) if name == "send_feedback" else (2, {})
    if not hook.takes_meta and not _accepts(hook.call, positional, **keywords):
        raise ComponentMismatch(
            f"node {node!r}: {name}{inspect.signature(hook.call)} cannot be called with {positional} arguments",
            hint=f"write it as {_SHAPES[name]}",
        )


_TAKE_META = frozenset(("predict", "transform_input", "transform_output", "route"))
_SHAPES = {
    "predict": "predict(self, X, names, meta=None)",
    "transform_input": "transform_input(self, X, names, meta=None)",
    "transform_output": "transform_output(self, X, names, meta=None)",
    "route": "route(self, X, names, meta=None)",
    "aggregate": "aggregate(self, features_list, names_list)",
    "send_feedback": "send_feedback(self, X, names, reward, truth, routing=None)",
    "health_status": "health_status(self)",
}


def _current_class_names(instance: object) -> Method:
    """Names may change at any time: a method is called, an attribute is looked up, for every answer."""
    method = _method(instance, "class_names")
    if method is not None:
        return method
    if callable(getattr(instance, "class_names", None)):
        return lambda: None
    return lambda: getattr(instance, "class_names", None)


def _called_once(class_names: Method) -> tuple[str, ...] | None:
    try:
        names = class_names()
        return None if names is None else tuple(str(name) for name in names)
    except Exception:  # they may exist only after the first prediction
        return None


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
