"""Identities of predictions."""

import os
from uuid import UUID


def new_puid() -> str:
    """A random UUID (version 4), as Seldon's executor makes them."""
    return str(UUID(bytes=os.urandom(16), version=4))
