"""How to reach a store: the options of s3fs, gcsfs and adlfs, and the variables that clouds have for it.

All variables are given; nothing here reads the environment, and no library of a store is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a store.

    Attributes:
        protocol: fsspec's word for the kind of store.
        options: fsspec's storage options; they hold secrets.
        endpoint: where the store is, if that is not the cloud's own address.
    """

    protocol: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    endpoint: str = ""


def amazon(variables: Mapping[str, str]) -> Access:
    """AWS's own variables. What is not among them botocore looks for itself."""
    endpoint = variables.get("AWS_ENDPOINT_URL_S3") or variables.get("AWS_ENDPOINT_URL") or ""
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    who = given(
        key=variables.get("AWS_ACCESS_KEY_ID"),
        secret=variables.get("AWS_SECRET_ACCESS_KEY"),
        token=variables.get("AWS_SESSION_TOKEN"),
        client_kwargs={"region_name": region} if region else None,
    )
    return s3_at(endpoint, who, path_style=bool(endpoint))


def s3_at(endpoint: str, who: Mapping[str, Any], *, path_style: bool) -> Access:
    """S3 or its like, at an address of its own if there is one."""
    # Servers of one's own have no host name for each bucket.
    style = {"s3": {"addressing_style": "path"}} if path_style else None
    return Access("s3", {**who, **given(endpoint_url=endpoint, config_kwargs=style)}, endpoint)


def google(variables: Mapping[str, str]) -> Access:
    """`gs://` without a remote of that name: without credentials, as Seldon's initializer has it."""
    endpoint = variables.get("STORAGE_EMULATOR_HOST", "")
    token = variables.get("GOOGLE_APPLICATION_CREDENTIALS") or "anon"
    return Access("gs", {"token": token, **given(endpoint_url=endpoint)}, endpoint)


def given(**options: Any) -> dict[str, Any]:
    """The options that have a value."""
    return {name: value for name, value in options.items() if value}
