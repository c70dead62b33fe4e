"""What a host's variables say of services with an API: HTTP, a cloud account, OPC UA; and of lists to go through."""

import re
from collections.abc import Mapping

from collectors.inventory.host import AwsAccess, HttpAccess, OpcuaAccess
from collectors.inventory.values import CREDENTIALS, Values

LISTS = ("certificates", "authorised_keys", "backup_folders", "backup_status", "restore_tests")
"""Lists of absolute paths; each entry is asked for by itself."""

SERVICE_VARIABLES = (
    *("http_url", "http_token", "http_user", "http_password", "http_ca_file"),
    *("aws_region", "aws_profile", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_endpoint"),
    *("opcua_url", "opcua_user", "opcua_password"),
    *("opcua_certificate_file", "opcua_key_file", "opcua_fingerprint", "clear_credentials"),
    *LISTS,
)
"""Variables read here, without their prefix."""

MAX_ENTRIES = 200
"""Most entries of one list: each is a request of its own."""

_OF_HTTP, _OF_AWS, _OF_OPCUA = (
    frozenset({CREDENTIALS, *(f"plantproof_{name}" for name in SERVICE_VARIABLES if name.startswith(service))})
    for service in ("http_", "aws_", "opcua_")
)
"""Without any of these a host has no such access."""

_LISTS = {name: f"plantproof_{name}" for name in LISTS}

_HTTP = re.compile(r"https?://[^/?#@\s]+/?", re.ASCII)
_OPC = re.compile(r"opc\.tcp://[^?#@\s]+", re.ASCII)
_SHA256 = re.compile(r"(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z0-9]+)+-\d", re.ASCII)


def http_access(values: Values) -> HttpAccess | None:
    """Return HTTP access where an address is given."""
    if values.has_none_of(_OF_HTTP):
        return None
    url = _address(values, "plantproof_http_url", _HTTP, "an address like https://scada.example:8043")
    token, password = values.secret("plantproof_http_token"), values.secret("plantproof_http_password")
    user = values.text("plantproof_http_user", may_be_vaulted=True)
    if url is None:
        return None
    if token and password:
        raise values.wrong("plantproof_http_token", "a token, or a user and a password", "both")
    _both(values, "plantproof_http_user", user, "plantproof_http_password", password)
    ca_file = values.text("plantproof_http_ca_file")
    clear = values.flag("plantproof_clear_credentials", default=False)
    return HttpAccess(url=url.rstrip("/"), token=token, user=user, password=password, ca_file=ca_file, clear=clear)


def aws_access(values: Values, *, asked: bool) -> AwsAccess | None:
    """Return access to a cloud account where a region, profile or key is given, or it is `asked` for."""
    if not asked and values.has_none_of(_OF_AWS):
        return None
    region, profile = values.text("plantproof_aws_region"), values.text("plantproof_aws_profile")
    key_id = values.secret("plantproof_aws_access_key_id")
    secret_key = values.secret("plantproof_aws_secret_access_key")
    endpoint = _address(values, "plantproof_aws_endpoint", _HTTP, "an address like http://127.0.0.1:4566")
    if not (asked or region or profile or key_id):
        return None
    if region is not None and not _REGION.fullmatch(region):
        raise values.wrong(
            "plantproof_aws_region", "a region like eu-central-1", values.shown("plantproof_aws_region", region)
        )
    _both(values, "plantproof_aws_access_key_id", key_id, "plantproof_aws_secret_access_key", secret_key)
    return AwsAccess(
        region=region,
        profile=profile,
        key_id=key_id,
        secret_key=secret_key,
        session_token=values.secret("plantproof_aws_session_token"),
        endpoint=endpoint,
    )


def opcua_access(values: Values) -> OpcuaAccess | None:
    """Return OPC UA access where an address is given."""
    if values.has_none_of(_OF_OPCUA):
        return None
    url = _address(values, "plantproof_opcua_url", _OPC, "an address like opc.tcp://10.20.3.9:4840")
    user, password = (
        values.text("plantproof_opcua_user", may_be_vaulted=True),
        values.secret("plantproof_opcua_password"),
    )
    certificate_file, key_file = (
        values.text("plantproof_opcua_certificate_file"),
        values.text("plantproof_opcua_key_file"),
    )
    fingerprint = values.text("plantproof_opcua_fingerprint")
    if url is None:
        return None
    _both(values, "plantproof_opcua_user", user, "plantproof_opcua_password", password)
    _both(values, "plantproof_opcua_certificate_file", certificate_file, "plantproof_opcua_key_file", key_file)
    if fingerprint is not None and not _SHA256.fullmatch(fingerprint):
        raise values.wrong(
            "plantproof_opcua_fingerprint", "SHA-256 in hex", values.shown("plantproof_opcua_fingerprint", fingerprint)
        )
    return OpcuaAccess(
        url=url,
        user=user,
        password=password,
        certificate_file=certificate_file,
        key_file=key_file,
        fingerprint=fingerprint.replace(":", "").lower() if fingerprint else None,
        clear=values.flag("plantproof_clear_credentials", default=False),
    )


def lists(values: Values) -> Mapping[str, tuple[str, ...]]:
    """Return what is to be gone through entry by entry, absolute paths, by the name of the list."""
    found = {}
    for name, key in _LISTS.items():
        paths = values.entries(key, at_most=MAX_ENTRIES)
        for path in paths:
            if not path.startswith("/") or ".." in path.split("/"):
                raise values.wrong(key, "absolute paths", values.shown(key, path))
        if paths:
            found[name] = paths
    return found


def _both(values: Values, first: str, one: object | None, second: str, other: object | None) -> None:
    """Raise where only one of two variables that go together is set."""
    if (one is None) is not (other is None):
        present, missing = (second, first) if one is None else (first, second)
        raise values.wrong(present, f"{missing} beside it", "only one of them")


def _address(values: Values, key: str, form: re.Pattern[str], expected: str) -> str | None:
    """Return an address without user, password, query or fragment: those have variables of their own."""
    text = values.text(key)
    if text is not None and not form.fullmatch(text):
        raise values.wrong(key, expected, "something else")
    return text
