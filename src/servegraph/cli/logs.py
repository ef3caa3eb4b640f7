"""What commands log: warnings by default, everything of ours when SERVEGRAPH_DEBUG is set."""

import logging

from servegraph.cli.context import settings


def configure() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if settings().debug:
        logging.getLogger("servegraph").setLevel(logging.DEBUG)
