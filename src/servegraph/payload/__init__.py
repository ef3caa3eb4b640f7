"""Seldon messages to and from numpy, in JSON and in protobuf; nothing of graphs, servers or models."""

from servegraph.payload.message import Feedback, Kind, Message, Meta

__all__ = ["Feedback", "Kind", "Message", "Meta"]
