"""JSON documents that are messages of protobuf too: text names, values that are numbers, one payload each."""

from typing import Any

from google.protobuf import wrappers_pb2
from hypothesis import strategies as st
from tests.differential.documents import anything, binary, metas, ndarray, real, tensors, text

CUSTOM = {"@type": f"type.googleapis.com/{wrappers_pb2.StringValue.DESCRIPTOR.full_name}", "value": "x"}


def fits(tensor: dict[str, Any]) -> bool:
    """Whether protobuf can hold it."""
    return tensor.get("shape") != "2" and all(type(value) in (int, float) for value in tensor.get("values", []))


any_tensor = st.fixed_dictionaries(
    {"shape": st.lists(st.integers(-1, 3), max_size=3), "values": st.lists(real, max_size=8)}
)
lists = ndarray.filter(lambda each: isinstance(each, list))
names = {"names": st.lists(text, max_size=3)}
data = st.one_of(
    st.fixed_dictionaries({"tensor": any_tensor}, optional=names),
    st.fixed_dictionaries({"tensor": tensors().filter(fits)}),
    st.fixed_dictionaries({"ndarray": lists}, optional=names),
    st.just({}),
)
payloads = st.one_of(
    st.fixed_dictionaries({"data": data}),
    st.fixed_dictionaries({"strData": text}),
    st.fixed_dictionaries({"binData": binary}),
    st.fixed_dictionaries({"jsonData": anything}),
    st.just({}),
    st.just({"customData": CUSTOM}),
)
messages = st.builds(
    lambda payload, meta: payload if meta is None else {**payload, "meta": meta}, payloads, st.none() | metas
)
lists_of_messages = st.fixed_dictionaries({"seldonMessages": st.lists(messages, max_size=3)})
feedbacks = st.fixed_dictionaries(
    {},
    optional={
        "request": messages,
        "response": st.just({"meta": {"routing": {"unit": 1}}}),
        "truth": messages,
        "reward": st.sampled_from([0, 1, 0.5, -1]),
    },
)
