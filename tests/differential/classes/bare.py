"""A class that defines nothing, so that every answer is the server's own; its metadata is not valid."""

from seldon_core.user_model import SeldonComponent


class Bare(SeldonComponent):
    def init_metadata(self):
        return {"name": 5}
