"""fsspec's file systems, with limits of time.

fsspec and the library of a store are imported when a store is opened, never before.
"""

import logging
from collections.abc import Mapping
from typing import Any

from servegraph.artifacts import faults
from servegraph.artifacts.access import Access
from servegraph.errors import EnvironmentFault

_INSTALL = {"s3": "'servegraph[s3]'", "gs": "'servegraph[gs]'", "az": "adlfs"}


def open_file_system(access: Access, shown: str) -> Any:
    """fsspec's file system of a store; `shown` is the place that is wanted, for people.

    Raises:
        EnvironmentFault: the library for this kind of store is not installed.
        RegistryUnreachable: the store refuses the options.
    """
    # Neither instances nor listings are kept: somebody may have written since.
    fresh = {"skip_instance_cache": True, "use_listings_cache": False}
    try:
        return _file_system(access.protocol)(**fresh, **_patience(access))
    except ImportError as error:
        install = _INSTALL.get(access.protocol, "'fsspec[http]'")
        raise EnvironmentFault(
            f"{shown} needs a library that is not installed: {error}", hint=f"install it with: pip install {install}"
        ) from error
    except Exception as error:  # unreadable credentials, an unknown profile
        raise faults.of_store(error, shown) from error


def _file_system(protocol: str) -> Any:
    for name in ("fsspec", "s3fs", "gcsfs"):  # they log tracebacks of what they raise as well
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if protocol == "gs":
        # What fsspec would take asks Google over gRPC about the bucket first, which emulators do not know.
        from gcsfs.core import GCSFileSystem

        return GCSFileSystem
    import fsspec

    return fsspec.get_filesystem_class(protocol)


def _patience(access: Access) -> Mapping[str, Any]:
    """All options, with time limits: long for a download, as long as something comes, short for an answer."""
    if access.protocol == "http":
        import aiohttp

        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)}}
    if access.protocol == "s3":
        config = {"retries": {"mode": "standard", "total_max_attempts": 2}, "read_timeout": 60}
        return {**access.options, "config_kwargs": {**config, **access.options.get("config_kwargs", {})}}
    return access.options
