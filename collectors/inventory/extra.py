"""`-e`: variables from the command line, above everything an inventory says."""

import re
import shlex
from collections.abc import Sequence

from collectors.inventory.problem import InventoryError, Layer, Origin
from collectors.inventory.vault import NO_VAULT, Vault, VaultError
from collectors.inventory.yamlfile import load, parse

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_extra(written: Sequence[str], vault: Vault = NO_VAULT) -> tuple[Layer, ...]:
    """Return one layer for each `-e`: `key=value …`, JSON or YAML in braces, or `@file`; later ones win."""
    return tuple(_read_one(text, vault) for text in written if text)


def _read_one(text: str, vault: Vault) -> Layer:
    vaulted = False
    if text.startswith("@"):
        origin = Origin(text[1:])
        try:
            values, vaulted = load(origin.path, vault)
        except VaultError as error:
            raise InventoryError(f"{origin.path}: {error}", hint=error.hint) from None
    elif text[0] in "/.":
        raise InventoryError(f"-e: expected @ before a file name, found {text!r:.80}")
    elif text[0] in "[{":
        values, origin = parse(text.encode(), "-e"), Origin("-e", (), None)
    else:
        return Layer(_pairs(text), Origin("-e", (), None))
    if not isinstance(values, dict):
        raise InventoryError(f"{origin.path}: expected variables as a mapping, found something else")
    return Layer(values, origin, vaulted)


def _pairs(text: str) -> dict[str, object]:
    if "\\" in text:
        raise InventoryError(
            "-e: expected key=value without a backslash",
            hint="""Shells and Ansible read backslashes differently; write JSON: -e '{"key": "value"}'.""",
        )
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InventoryError("-e: expected key=value, found a quotation that does not end") from error
    values: dict[str, object] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise InventoryError("-e: expected key=value, JSON or @file, found a word that is none of them")
        values[key] = value
    return values
