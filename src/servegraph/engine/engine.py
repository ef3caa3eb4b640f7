"""The engine as the fronts see it: predict, and send feedback."""

from servegraph.engine.events import Listener
from servegraph.engine.feedback import Ledger, send
from servegraph.engine.plan import Plan
from servegraph.engine.puid import MAX_LENGTH, is_puid, new_puid
from servegraph.engine.walk import predict
from servegraph.errors import InvalidPayload
from servegraph.payload import Feedback, Message, Meta


class Engine:
    """Serves one plan. All methods run on the one event loop of the process."""

    def __init__(self, plan: Plan, ledger: Ledger, listener: Listener) -> None:
        self._plan = plan
        self._ledger = ledger
        self._listener = listener

    async def predict(self, message: Message, puid: str = "") -> Message:
        """The graph's answer; its `meta.puid` is the message's own, else `puid`, else a new one.

        Raises:
            PayloadError: the caller's mistake.
            UnitError: a component's.
        """
        message.meta.puid = message.meta.puid or puid or new_puid()
        if not is_puid(message.meta.puid):
            raise InvalidPayload(f"meta.puid must be at most {MAX_LENGTH} printable ASCII characters without spaces")
        answer, routing = await predict(self._plan, message, self._listener)
        self._ledger.record(answer.meta.puid, routing)
        return answer

    async def send_feedback(self, feedback: Feedback) -> Message:
        """Deliver feedback; the answer carries the puid and the routing it was joined to.

        Raises:
            PayloadError: no puid, or an unknown one.
            UnitError: a component's `send_feedback` failed.
        """
        routing = await send(self._plan, self._ledger, feedback, self._listener)
        puid = feedback.response.meta.puid or feedback.request.meta.puid
        return Message(meta=Meta(puid=puid, routing=dict(routing)))
