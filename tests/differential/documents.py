"""JSON documents that hypothesis makes up: payloads of every kind, meta, feedback, and what is wrong in many ways."""

import base64
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy


def examples(count: int) -> settings:
    """So many, the same ones in every run."""
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
whole = st.one_of(st.integers(-9, 9), st.sampled_from([2**31, 2**53 + 1, -(2**63), 2**63, 2**64 - 1]))
real = st.one_of(
    st.sampled_from([0.0, -0.0, 0.1, 1.0, 1e300, 5e-324, 1e16]), st.floats(allow_nan=False, allow_infinity=False)
)
scalar = st.one_of(whole, real, st.booleans(), st.none(), text)
anything = st.recursive(
    scalar, lambda each: st.lists(each, max_size=3) | st.dictionaries(text, each, max_size=3), max_leaves=6
)


def block(leaf: SearchStrategy[Any], shape: tuple[int, ...]) -> SearchStrategy[Any]:
    """Lists in lists, of one shape."""
    if not shape:
        return leaf
    return st.lists(block(leaf, shape[1:]), min_size=shape[0], max_size=shape[0])


shapes = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)
ndarray = st.one_of(
    *(
        shapes.flatmap(lambda shape, leaf=leaf: block(leaf, shape))
        for leaf in (st.integers(-9, 9), real, st.booleans(), text)
    ),
    shapes.flatmap(lambda shape: block(scalar, shape)),
    st.lists(st.lists(st.integers(-9, 9), max_size=3), max_size=3),
    anything,
)


@st.composite
def tensors(draw: st.DrawFn) -> Any:
    """Mostly right; now and then the shape does not fit, or a member is missing or no list."""
    shape = draw(shapes)
    size = 1
    for length in shape:
        size *= length
    right = {
        "shape": list(shape),
        "values": draw(block(draw(st.sampled_from([st.integers(-9, 9), real, scalar])), (size,))),
    }
    wrong = draw(st.sampled_from([None] * 6 + ["shape", "values", "longer", "minus one", "text"]))
    if wrong in right:
        del right[wrong]
    elif wrong == "longer":
        right["values"].append(1)
    elif wrong == "minus one":
        right["shape"] = [-1]
    elif wrong == "text":
        right["shape"] = "2"
    return right


names = st.one_of(st.lists(text, max_size=3), st.none(), st.just([1]))
data = st.fixed_dictionaries({}, optional={"names": names | anything, "ndarray": ndarray, "tensor": tensors()})
binary = st.binary(max_size=5).map(lambda each: base64.b64encode(each).decode())
payloads: SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"data": st.fixed_dictionaries({"ndarray": ndarray}, optional={"names": names})}),
    st.fixed_dictionaries({"data": st.fixed_dictionaries({"tensor": tensors()}, optional={"names": names})}),
    st.fixed_dictionaries({"strData": text}),
    st.fixed_dictionaries({"binData": binary}),
    st.fixed_dictionaries({"jsonData": anything}),
)
odd_payloads: SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"data": data, "strData": scalar, "binData": scalar, "jsonData": anything, "status": anything}
    ),
    st.fixed_dictionaries({"data": anything}),
    anything,
)
metric = st.fixed_dictionaries(
    {"key": text, "type": st.sampled_from(["COUNTER", "GAUGE", "TIMER"]), "value": st.integers(0, 9)},
    optional={"tags": st.dictionaries(text, text, max_size=2)},
)
meta_members = {
    "puid": text,
    "tags": st.dictionaries(text, anything, max_size=3),
    "routing": st.dictionaries(text, st.integers(-2, 3), max_size=2),
    "requestPath": st.dictionaries(st.one_of(text, st.just("unit")), text, max_size=2),
    "metrics": st.lists(metric, max_size=2),
}
metas = st.fixed_dictionaries({}, optional=meta_members)
odd_metas = st.one_of(
    st.fixed_dictionaries({}, optional={**meta_members, "unknown": anything}),
    *(st.fixed_dictionaries({member: anything}) for member in meta_members),
    anything,
)
messages = st.builds(
    lambda payload, meta: payload if meta is None else {**payload, "meta": meta}, payloads, st.none() | metas
)
odd_messages = st.one_of(
    odd_payloads,
    st.builds(lambda payload, meta: {**payload, "meta": meta}, payloads, odd_metas),
)
feedbacks = st.fixed_dictionaries(
    {},
    optional={
        "request": messages,
        "response": st.fixed_dictionaries({"meta": st.fixed_dictionaries({"routing": st.just({"unit": 1})})})
        | messages,
        "truth": messages,
        "reward": st.sampled_from([0, 1, 0.5, -1]),
    },
)
