"""Which store a place is in, and how to get in, by rclone's variables; without them by the cloud's own.

Seldon's storage initializer is rclone, and secrets are written for it: `RCLONE_CONFIG_<REMOTE>_<OPTION>`
(rclone.org/docs, "Config file"). All variables are given; nothing here reads the environment.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from servegraph.artifacts.access import Access, amazon, given, google, s3_at
from servegraph.artifacts.reference import Location
from servegraph.errors import ConfigurationError


def access(location: Location, variables: Mapping[str, str]) -> Access:
    """How to reach a location.

    Raises:
        ConfigurationError: nothing says what its remote is, or its options contradict themselves.
    """
    if location.is_web:
        return Access("http")
    remote = _Remote(location.remote, variables)
    kind = remote.get("type").lower()
    if kind:
        return _configured(kind)(remote)
    plain = _PLAIN.get(location.remote)
    if plain is None:
        raise _unknown(location)
    return plain(variables)


class _Remote:
    """The options of one remote."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self._prefix = f"RCLONE_CONFIG_{name.upper()}_"
        self._variables = variables

    def get(self, option: str) -> str:
        return self._variables.get(self.variable(option), "").strip()

    def says(self, option: str) -> bool:
        return self.get(option).lower() in ("1", "t", "true")

    def variable(self, option: str) -> str:
        return f"{self._prefix}{option.upper()}"

    @property
    def variables(self) -> Mapping[str, str]:
        return self._variables


def _configured(kind: str) -> Callable[[_Remote], Access]:
    if kind not in _KINDS:
        raise ConfigurationError(
            f"a remote of type {kind!r} cannot be read here", hint=f"it can be: {', '.join(sorted(_KINDS))}"
        )
    return _KINDS[kind]


def _s3(remote: _Remote) -> Access:
    key, secret = remote.get("access_key_id"), remote.get("secret_access_key")
    endpoint, region = _with_scheme(remote.get("endpoint")), remote.get("region")
    if bool(key) != bool(secret):
        missing = "secret_access_key" if key else "access_key_id"
        raise ConfigurationError(
            f"remote {remote.name!r} has half a key", hint=f"set {remote.variable(missing)} as well"
        )
    if key:
        who: dict[str, Any] = given(key=key, secret=secret, token=remote.get("session_token"))
    elif remote.says("env_auth"):
        # The cloud's own way, which is botocore's: variables, files, the role of the machine.
        own = amazon(remote.variables)
        who, endpoint = {**own.options, **given(profile=remote.get("profile"))}, endpoint or own.endpoint
        who.pop("config_kwargs", None)
    else:
        who = {"anon": True}  # as rclone has it
    if region:
        who["client_kwargs"] = {"region_name": region}
    style = not endpoint or remote.get("force_path_style").lower() in ("0", "f", "false")
    return s3_at(endpoint, who, path_style=not style)


def _gcs(remote: _Remote) -> Access:
    if remote.says("anonymous"):
        token: Any = "anon"
    elif remote.get("service_account_credentials"):
        token = _account(remote)
    else:
        token = remote.get("service_account_file") or remote.get("access_token") or "google_default"
    endpoint = _with_scheme(remote.get("endpoint"))
    return Access("gs", {"token": token, **given(endpoint_url=endpoint)}, endpoint)


def _account(remote: _Remote) -> Mapping[str, Any]:
    variable = remote.variable("service_account_credentials")
    try:
        account = json.loads(remote.get("service_account_credentials"))
    except ValueError as error:
        raise ConfigurationError(
            f"{variable} is no JSON", hint="it holds the whole file of the account, on one line"
        ) from error
    if not isinstance(account, dict):
        raise ConfigurationError(f"{variable} is no JSON object", hint="it holds the whole file of the account")
    return account


def _azure(remote: _Remote) -> Access:
    shared = urlsplit(remote.get("sas_url"))
    account, key = remote.get("account") or (shared.hostname or "").partition(".")[0], remote.get("key")
    endpoint = remote.get("endpoint")
    if endpoint and key:
        parts = f"BlobEndpoint={endpoint};AccountName={account};AccountKey={key}"
        return Access("az", {"connection_string": parts}, endpoint)
    options = given(
        account_name=account,
        account_key=key,
        sas_token=shared.query,
        tenant_id=remote.get("tenant"),
        client_id=remote.get("client_id"),
        client_secret=remote.get("client_secret"),
    )
    by_environment = remote.says("env_auth") or remote.says("use_msi")
    return Access("az", {**options, "anon": not by_environment and options.keys() <= {"account_name"}}, account)


_KINDS: Mapping[str, Callable[[_Remote], Access]] = {"s3": _s3, "google cloud storage": _gcs, "azureblob": _azure}
_PLAIN: Mapping[str, Callable[[Mapping[str, str]], Access]] = {"s3": amazon, "gs": google}


def _with_scheme(endpoint: str) -> str:
    return endpoint if "://" in endpoint or not endpoint else f"https://{endpoint}"


def _unknown(location: Location) -> ConfigurationError:
    if location.remote == "pvc":
        claim, _, path = location.path.partition("/")
        return ConfigurationError(
            f"the volume claim {claim!r} is in the cluster, and not on this machine",
            hint=f"copy its folder {path or '/'} here, and name the copy: modelUri: path/of/the/copy",
        )
    if location.remote == "hf":
        return ConfigurationError(
            f"Hugging Face's {location.path!r} cannot be pulled",
            hint="download it with `hf download`, and name the folder; or give its https:// address",
        )
    variable = f"RCLONE_CONFIG_{location.remote.upper()}_TYPE"
    return ConfigurationError(
        f"nothing says what {location.remote!r} in {location.shown!r} is",
        hint=f"set {variable} (s3, google cloud storage, azureblob) in the environment, or in the node's secret: "
        "secrets/<envSecretRefName>.env",
    )
