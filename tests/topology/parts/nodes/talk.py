"""Components that do what a request asks of them: its tag of the node's name says what.

They run under Seldon's own component server, too, and name its classes only where they raise or
return one.
"""

import threading

import numpy as np


def wish(meta, node):
    """What the request's tags ask of a node."""
    return ((meta or {}).get("tags") or {}).get(node)


def numeric(X):
    return isinstance(X, np.ndarray) and X.dtype.kind in "iuf"


def refusal(text, status, reason):
    from seldon_core.flask_utils import SeldonMicroserviceException

    return SeldonMicroserviceException(text, status_code=status, reason=reason)


class Prepare:
    def transform_input(self, X, names, meta=None):
        match wish(meta, "prepare"):
            case "raise":
                raise ValueError("prepare is out of order")
            case "text":
                return f"{len(names)} columns"
        return X + 1 if numeric(X) else X

    def tags(self):
        return {"who": "prepare", "prepared": True}

    def metrics(self):
        return [{"type": "COUNTER", "key": "prepared", "value": 1, "tags": {"part": "first"}}]

    def init_metadata(self):
        return {
            "name": "prepare-model",
            "versions": ["one", "two"],
            "platform": "talk",
            "inputs": [{"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [2]}}],
            "outputs": [{"messagetype": "tensor", "schema": {"shape": [2]}}],
            "custom": {"author": "nobody"},
        }


class Choose:
    """Routes to the child that the tag says, else to the first."""

    def __init__(self):
        self.heard = []

    def route(self, X, names, meta=None):
        wanted = wish(meta, "choose") or 0
        if wanted == "refuse":
            raise refusal("choose will not", 409, "NO_CHOICE")
        return wanted if isinstance(wanted, str) else int(wanted)

    def tags(self):
        return {"lost": "a router's meta goes nowhere"}

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.heard.append([reward, routing])

    def health_status(self):
        return {"heard": self.heard}


class Answer:
    """A model: multiplies, or answers with whatever it is asked for."""

    def __init__(self, name, factor=2.0):
        self.name = name
        self.factor = factor
        self.heard = []

    def predict(self, X, names, meta=None):
        match wish(meta, self.name):
            case None:
                return X * self.factor if numeric(X) else X
            case "names":
                return list(names)
            case "path":
                return {"path": meta.get("requestPath", {}), "names": list(names)}
            case "list":
                return [1, 2, 3]
            case "mixed":
                return [[1, "one"], [2.5, "two"]]
            case "texts":
                return np.array([["a", "b"], ["c", "d"]])
            case "flags":
                return np.array([[True, False]])
            case "nan":
                return np.array([[np.nan, np.inf], [-np.inf, 0.5]])
            case "single":
                return np.array([[0.1, 1.5]], dtype=np.float32)
            case "cube":
                return np.arange(8.0).reshape(2, 2, 2)
            case "empty":
                return []
            case "string":
                return "höher & weiter <☃>"
            case "bytes":
                return b"\x00\xff"
            case "dict":
                return {"deep": [1, None, {"er": True}], "text": "ü"}
            case "nothing":
                return None
            case "extra":
                return self._extra(X)
            case "bad metric":
                return self._with_a_bad_metric(X)
            case "raise":
                raise ValueError(f"{self.name} is out of order")
            case "type error":
                return len(7)
            case "refuse":
                raise refusal(f"{self.name} is a teapot", 418, "TEAPOT")
            case ["wait", seconds]:
                threading.Event().wait(seconds)
        return X

    def _extra(self, X):
        from seldon_core.user_model import SeldonResponse

        timer = {"type": "TIMER", "key": "thinking", "value": 12.5}
        return SeldonResponse(X, tags={"who": f"{self.name} now", "extra": [1, {"two": None}]}, metrics=[timer])

    def _with_a_bad_metric(self, X):
        from seldon_core.user_model import SeldonResponse

        return SeldonResponse(X, metrics=[{"type": "GAUGE", "key": "no_value"}])

    def class_names(self):
        return ["low", "high"]

    def tags(self):
        return {"who": self.name, self.name: "done"}

    def metrics(self):
        return [{"type": "GAUGE", "key": f"{self.name}_factor", "value": self.factor}]

    def send_feedback(self, X, names, reward, truth, routing=None):
        self.heard.append([reward, X.tolist(), truth.tolist(), routing])
        return [[reward, self.factor]]

    def health_status(self):
        return {"heard": self.heard}


class Finish:
    def transform_output(self, X, names, meta=None):
        match wish(meta, "finish"):
            case "raise":
                raise RuntimeError("finish is out of order")
            case "names":
                return {"names": list(names)}
        return X * 10 if numeric(X) else X

    def class_names(self):
        return ["x", "y"]


class Mix:
    """A combiner: adds numbers, joins all else as text."""

    def aggregate(self, features_list, names_list):
        if all(numeric(features) for features in features_list):
            return sum(features_list)
        if any(isinstance(features, bytes) for features in features_list):
            raise refusal("mix takes no bytes", 422, "NO_BYTES")
        return " + ".join(str(features) for features in features_list)

    def tags(self):
        return {"mixed": 2}

    def send_feedback(self, X, names, reward, truth, routing=None):
        return {"reward": reward, "truth": truth.tolist(), "routing": routing}


class Pass:
    """Has no type, but methods."""

    def transform_input(self, X, names, meta=None):
        match wish(meta, "pass"):
            case ["wait", seconds]:
                threading.Event().wait(seconds)
        return X - 1 if numeric(X) else X

    def transform_output(self, X, names, meta=None):
        return X * 2 if numeric(X) else X

    def tags(self):
        return {"pass": 1}

    def send_feedback(self, X, names, reward, truth, routing=None):
        return f"{list(names)} {reward}"


class Whole:
    """A model that gets whole messages: JSON over REST, protobuf over gRPC."""

    def predict_raw(self, request):
        return self._of_document(request) if isinstance(request, dict) else self._of_proto(request)

    def _of_document(self, request):
        wanted = wish(request.get("meta"), "whole")
        if wanted == "busy":
            return {"status": {"code": 503, "info": "whole is busy", "reason": "BUSY", "status": 1}, "strData": "no"}
        if wanted == "bare":
            return {"strData": "no meta"}
        if wanted == "raise":
            raise ValueError("whole is out of order")
        metric = {"key": "seen", "type": "COUNTER", "value": 2}
        return {**request, "meta": {**request.get("meta", {}), "metrics": [metric]}}

    def _of_proto(self, request):
        wanted = request.meta.tags["whole"].string_value if "whole" in request.meta.tags else None
        answer = type(request)()
        if wanted == "busy":
            answer.status.code = 503
            answer.status.info = "whole is busy"
            answer.strData = "no"
            return answer
        if wanted == "bare":
            answer.strData = "no meta"
            return answer
        if wanted == "raise":
            raise ValueError("whole is out of order")
        answer.CopyFrom(request)
        del answer.meta.metrics[:]
        answer.meta.metrics.add(key="seen", type=0, value=2)
        return answer

    def send_feedback_raw(self, feedback):
        answer = type(feedback.request)()
        answer.strData = f"whole heard {feedback.reward}"
        return answer
