"""A class of `*_raw` methods: JSON documents over REST, protobuf messages over gRPC."""

from seldon_core.proto import prediction_pb2


def gauge():
    return {"type": "GAUGE", "key": "raw", "value": 2}


class Raw:
    def predict_raw(self, message):
        if not isinstance(message, dict):
            return answer(message)
        status = message.get("answer_status")
        if status is not None:
            return {"status": {"code": status}}
        return {"got": message, "meta": {"metrics": [gauge()]}}

    def transform_input_raw(self, message):
        return message

    def transform_output_raw(self, message):
        if isinstance(message, dict) and "raise" in message:
            raise ValueError(message["raise"])
        return message

    def route_raw(self, message):
        return message if isinstance(message, dict) else answer(message)

    def aggregate_raw(self, messages):
        return {"strData": f"{len(messages)}"} if isinstance(messages, dict) else answer(messages)

    def send_feedback_raw(self, feedback):
        return prediction_pb2.SeldonMessage(strData=f"{type(feedback).__name__} {feedback.reward:g}")

    def health_status_raw(self):
        return {"strData": "raw"}


def answer(message):
    return prediction_pb2.SeldonMessage(
        strData=type(message).__name__, meta=prediction_pb2.Meta(metrics=[prediction_pb2.Metric(key="k", value=2)])
    )
