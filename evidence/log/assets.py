"""The frozen list of assets of a run or a plan, as canonical JSON: one object an asset, no credential in it."""

from collections.abc import Iterable
from dataclasses import fields

from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId

MAX_ASSETS = 200_000
"""Most assets of one list; ten times the largest inventory we measure with."""

_REQUIRED = frozenset({"asset", "address", "safety"})
_LISTS = frozenset({"transports", "groups"})
_TEXTS = frozenset(f.name for f in fields(Asset)) - _LISTS - {"id", "address", "safety", "direct_ok"}
_OPTIONAL = _TEXTS | _LISTS | {"direct_ok"}


def dump_assets(assets: Iterable[Asset]) -> bytes:
    """Return the canonical list, in the order given; what is not known is left out."""
    return dumps(asset_rows(assets))


def load_assets(data: bytes) -> tuple[Asset, ...]:
    """Read what `dump_assets` writes; raise `ShapeError` for anything else, or an asset named twice."""
    try:
        return read_asset_rows(loads(data))
    except CanonicalError as error:
        raise ShapeError(f"asset list: {error}") from error


def asset_rows(assets: Iterable[Asset]) -> list[dict[str, object]]:
    """Return the rows of the list."""
    return [_row(asset) for asset in assets]


def read_asset_rows(rows: object) -> tuple[Asset, ...]:
    """Read the rows of the list."""
    if not isinstance(rows, list) or len(rows) > MAX_ASSETS:
        raise ShapeError(f"asset list: expected a list of at most {MAX_ASSETS} assets")
    assets = tuple(map(_read, rows))
    if len({asset.id for asset in assets}) != len(assets):
        raise ShapeError("asset list: an asset is named twice")
    return assets


def _row(asset: Asset) -> dict[str, object]:
    row: dict[str, object] = {"asset": asset.id, "address": asset.address, "safety": str(asset.safety)}
    if asset.direct_ok:
        row["direct_ok"] = True
    for name in _TEXTS:
        value = getattr(asset, name)
        if value is not None and value != "":
            row[name] = value
    for name in _LISTS:
        items = getattr(asset, name)
        if items:
            row[name] = list(items)
    return row


def _read(value: object) -> Asset:
    row = Fields(value, "asset", _REQUIRED, _OPTIONAL)
    what = row.text("asset")
    try:
        safety = Safety(row.text("safety"))
    except ValueError as error:
        raise ShapeError(f"{what}: {error}") from error
    return Asset(
        id=AssetId(what),
        address=row.text("address"),
        safety=safety,
        direct_ok=row.flag("direct_ok") if "direct_ok" in row else False,
        transports=_texts(row, "transports"),
        groups=_texts(row, "groups"),
        **{name: row.text(name) for name in _TEXTS if name in row},
    )


def _texts(row: Fields, key: str) -> tuple[str, ...]:
    items = row.rows(key) if key in row else ()
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) != len(items):
        raise ShapeError(f"{row.what}: {key}: expected strings")
    return texts
