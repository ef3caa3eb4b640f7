"""What the readers of HTTP raise; a module of its own, so that they can share it."""


class MalformedAnswer(Exception):
    """What came is no answer that can be read, or is too large; the text says which."""


class TooLarge(MalformedAnswer):
    """Its body is."""
