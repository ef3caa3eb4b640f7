"""A class with everything around the prediction: names, tags, metrics, metadata, errors of its own."""

import copy

import numpy as np
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.user_model import SeldonComponent, SeldonResponse


class Decorated(SeldonComponent):
    def __init__(self, offset=0):
        self.offset = offset
        self.calls = 0

    def load(self):
        self.loaded = True

    def predict(self, X, names, meta=None):
        self.calls += 1
        if isinstance(X, str):
            if X == "refuse":
                raise SeldonMicroserviceException("no <thanks>", status_code=422, reason="NOT_TODAY")
            if X == "default":
                raise SeldonMicroserviceException("no")
            if X == "bad metric":
                return SeldonResponse(X, metrics=[{"key": "k", "type": "GAUGE"}])
            if X == "metrics no list":
                return SeldonResponse(X, metrics={"key": "k"})
            return SeldonResponse(X, tags={"shared": "runtime", "number": 1.5}, metrics=[counter("runtime")])
        return np.asarray(X) + self.offset

    def transform_input(self, X, names):
        return SeldonResponse(X, tags={"run": [1, {"a": None}]})

    def transform_output(self, X, names, meta=None):
        return copy.deepcopy(meta or {})  # the original puts the answer's own tags into those of the request

    def route(self, X, names):
        return 0

    def aggregate(self, X, names):
        return {"features": [np.asarray(each).tolist() for each in X], "names": [list(each) for each in names]}

    def send_feedback(self, X, names, reward, truth, routing=None):
        return [[reward, -1 if routing is None else routing]]

    def class_names(self):
        return ["one", "two", "three"]

    def tags(self):
        return {"shared": "static", "loaded": self.loaded}

    def metrics(self):
        return [
            counter("static"),
            {"type": "GAUGE", "key": "g", "value": 1.5, "tags": {"where": "here"}},
            {"type": "TIMER", "key": "t", "value": 20},
        ]

    def health_status(self):
        return [1, 2]

    def init_metadata(self):
        return {
            "name": "decorated",
            "versions": ["v1"],
            "platform": "here",
            "inputs": [{"messagetype": "tensor", "schema": {"names": ["a"], "shape": [1]}}],
            "outputs": [{"name": "o", "datatype": "FP32", "shape": [-1, 2]}],
            "custom": {"author": "nobody"},
        }


def counter(key):
    return {"type": "COUNTER", "key": key, "value": 1}
