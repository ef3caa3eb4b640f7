"""A class that needs nothing but numpy and does what `meta.tags.do` says, by its key in GIVES or RAISES."""

import numpy as np

GIVES = {
    "list": lambda: [[1, 2], [3, 4]],
    "list of text": lambda: ["a", "b"],
    "list of lists of text": lambda: [["a", "b"]],
    "mixed list": lambda: [["a", 1, 2.5, None]],
    "ragged list": lambda: [[1, 2], [3]],
    "empty list": lambda: [],
    "list of dicts": lambda: [{"a": 1}],
    "float32": lambda: np.array([[0.1, 0.2]], dtype=np.float32),
    "float16": lambda: np.array([[0.1]], dtype=np.float16),
    "int8": lambda: np.array([[-1, 2]], dtype=np.int8),
    "uint64": lambda: np.array([[2**64 - 1]], dtype=np.uint64),
    "bool array": lambda: np.array([[True, False]]),
    "text array": lambda: np.array([["x", "y"]]),
    "bytes array": lambda: np.array([[b"x"]]),
    "object array": lambda: np.array([[1, "a", None]], dtype=object),
    "complex array": lambda: np.array([[1 + 2j]]),
    "nan": lambda: np.array([[np.nan, np.inf, -np.inf]]),
    "0-d": lambda: np.array(3.5),
    "1-d": lambda: np.array([1.5, 2.5]),
    "3-d": lambda: np.arange(8).reshape(2, 2, 2),
    "no columns": lambda: np.zeros((2, 0)),
    "no rows": lambda: np.zeros((0, 2)),
    "fortran order": lambda: np.asfortranarray([[1, 2], [3, 4]]),
    "dict": lambda: {"some": {"nested": [1, 2.5, None, True]}},
    "empty dict": dict,
    "dict like a message": lambda: {"data": {"ndarray": [[1]]}},
    "dict like a status": lambda: {"status": {"code": 418}},
    "dict of numpy": lambda: {"a": np.float64(1.5)},
    "dict of integer keys": lambda: {1: "a"},
    "text": lambda: "hällo <&>",
    "empty text": str,
    "bytes": lambda: b"\x00\x01\xff",
    "empty bytes": bytes,
    "bytearray": lambda: bytearray(b"\x02"),
    "int": lambda: 7,
    "float": lambda: 7.5,
    "bool": lambda: True,
    "none": lambda: None,
    "tuple": lambda: (1, 2),
    "set": lambda: {1},
    "numpy scalar": lambda: np.float64(1.5),
}
RAISES = {
    "value error": lambda: ValueError("boom: <ä>"),
    "no text": lambda: RuntimeError(),
    "key error": lambda: KeyError("k"),
    "several arguments": lambda: ValueError("a", 1),
    "assertion": lambda: AssertionError(),
    "not implemented": lambda: NotImplementedError("later"),
    "stop iteration": lambda: StopIteration("end"),
}


def act(features, meta):
    """What the request asks for; the features themselves if it asks for nothing."""
    tags = meta.get("tags") if isinstance(meta, dict) else None
    wanted = tags.get("do") if isinstance(tags, dict) else None
    if not isinstance(wanted, str):
        return features
    if wanted in RAISES:
        raise RAISES[wanted]()
    return GIVES[wanted]() if wanted in GIVES else features


class Chameleon:
    def predict(self, features, names, meta=None):
        return act(features, meta)

    def transform_input(self, features, names, meta=None):
        return act(features, meta)

    def transform_output(self, features, names):
        return features

    def route(self, features, names, meta=None):
        wanted = act(features, meta)
        return 1 if wanted is features else wanted

    def aggregate(self, features, names):
        if all(isinstance(each, str) for each in features):
            return "+".join(features)
        return np.sum([np.asarray(each, dtype=float) for each in features], axis=0)

    def send_feedback(self, features, names, reward, truth, routing=None):
        return {
            "features": np.asarray(features).tolist(),
            "names": list(names),
            "reward": reward,
            "truth": np.asarray(truth).tolist(),
            "routing": routing,
        }
