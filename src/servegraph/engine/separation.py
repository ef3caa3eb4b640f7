"""A message of one's own: components may change in place what they get, and others get the same message.

Source:
    In Seldon every component is a process, and what it gets is a copy.
"""

from copy import deepcopy
from dataclasses import replace

from servegraph.payload import Feedback, Message, Meta
from servegraph.payload.envelope import Envelope
from servegraph.payload.message import UNSENT


def own_message(request: Envelope[Message]) -> Envelope[Message]:
    """The same message, sharing nothing that can be changed."""
    return request.separate(_message)


def own_feedback(feedback: Envelope[Feedback]) -> Envelope[Feedback]:
    """The same for feedback."""
    return feedback.separate(_feedback)


def _message(message: Message) -> Message:
    return replace(message, value=deepcopy(message.value), names=list(message.names), meta=_meta(message.meta))


def _meta(meta: Meta) -> Meta:
    return Meta(
        puid=meta.puid,
        tags=deepcopy(meta.tags),
        routing=dict(meta.routing),
        request_path=dict(meta.request_path),
        metrics=deepcopy(meta.metrics),
        sent=meta.sent if meta.sent is UNSENT else deepcopy(meta.sent),
    )


def _feedback(feedback: Feedback) -> Feedback:
    request, response, truth = (_message(each) for each in (feedback.request, feedback.response, feedback.truth))
    return Feedback(request, response, truth, feedback.reward)
