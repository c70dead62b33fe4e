"""A site's evidence opened for writing: store, keys, log, and the plan in force."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from collectors.time_authority import TimeAuthority
from collectors.timetable import Job, planned_slots, still_says
from evidence.errors import Error
from evidence.log.accept import accept
from evidence.log.assets import asset_rows
from evidence.log.authority import Authority, AuthorityError
from evidence.log.chain import read_store_info
from evidence.log.fields import Fields, ShapeError
from evidence.log.hints import read_hint, write_hint
from evidence.log.keylife import without_revoked
from evidence.log.keyring import Keyring, Role, create_keyring, holds_keys, load_keyring
from evidence.log.keys import KeyFileError, SignatureError
from evidence.log.keystatement import Act
from evidence.log.nearby import recall
from evidence.log.note import Checkpoint, NoteError, read_checkpoint
from evidence.log.plan import Plan, dump_plan, load_plan, plan_predicate
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.asset import Asset
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import BlobError, get_blob, put_blob
from evidence.store.interface import MissingError, Store
from evidence.store.layout import CHECKPOINT_HINT_KEY
from evidence.store.open import open_store
from evidence.store.remote import Remote

_PLAN = "plan"
_PLAN_HINT = frozenset({"blob", "bytes"})
_HOST_KEYS = "host-keys"


class KeysLostError(Error):
    """A store exists, and the keys it was made with are not where they should be."""

    exit_code = 5


class ForeignKeysError(Error):
    """The keys are another log's: nothing signed with them would count in this store."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSite:
    """A store whose log exists, and the keys to write with."""

    store: Store
    keyring: Keyring
    authorities: tuple[TimeAuthority, ...] = ()
    """Who is asked for time stamps after a seal."""
    tell: Callable[[str], None] = lambda _: None
    """Told what went wrong with one; that fails nothing."""


def open_site(
    spec: str,
    keys: Path,
    *,
    owner: str,
    domain: str,
    at: datetime,
    remote: Remote | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> OpenSite:
    """
    Open the store and its keys; make both, and the log, on first use.

    `environ` may hold keys, too (`load_keyring`); where it does, none are made. `remote` says how a
    store in S3 is reached; what earlier processes knew of one is called up.
    """
    store = open_store(spec, create=True, remote=remote)
    if not keys.is_dir() and not holds_keys(environ):
        _refuse_strange_store(store, spec, keys)
        with suppress(KeyFileError):  # another first run may have been quicker
            create_keyring(keys)
    keyring = load_keyring(keys, environ)
    authority = create_log(store, keyring, owner=owner, domain=domain, at=at)
    authority = _refuse_foreign_keys(store, spec, keys, keyring, authority)
    recall(store, (key for grants in authority.keys.values() for role, key in grants if role is Role.SEALER))
    return OpenSite(store=store, keyring=without_revoked(keyring, authority))


def plan_in_force(
    site: OpenSite,
    assets: Callable[[], Iterable[Asset]],
    *,
    at: datetime,
    jobs: Sequence[Job] = (),
    filling: str | None = None,
    narrowed: bool = False,
) -> Digest:
    """
    Return the digest of the plan's blob; state a new plan where the last one is not the inventory's and the jobs' own.

    It is renewed before it runs out, and not stated again while it holds. A run that was narrowed (`--limit`, a share
    of the inventory) changes no plan. `assets` gives all of the inventory's; `filling` is the slot the run fills.
    """
    known = _known_plan(site)
    if known and narrowed:
        return known[0]
    last = last_plan(site)
    wanted = tuple(sorted(assets(), key=lambda asset: asset.id))
    if last and asset_rows(last[1].assets) == asset_rows(wanted) and still_says(last[1], jobs, at):
        return last[0]
    data = dump_plan(wanted, slots=planned_slots(jobs, at, filling=filling))
    blob = digest_of(data)
    if known and known[0] == blob:
        with suppress(BlobError):  # what is kept is lost or damaged, which `verify` says: no run is given up for it
            put_blob(site.store, data)
        return blob
    put_blob(site.store, data)
    subjects = (Subject(name="plan", digest=blob),)
    append(site.store, site.keyring, kind="plan", predicate=plan_predicate(blob, len(data), at=at), subjects=subjects)
    write_hint(site.store, site.keyring, _PLAN, {"blob": blob, "bytes": len(data)})
    return blob


def last_plan(site: OpenSite) -> tuple[Digest, Plan] | None:
    """Return the plan that was stated last, if it is remembered and whole."""
    known = _known_plan(site)
    try:
        return (known[0], load_plan(get_blob(site.store, *known))) if known else None
    except Error:
        return None


def _known_plan(site: OpenSite) -> tuple[Digest, int] | None:
    """Return digest and length of the plan that was stated last, if it is remembered."""
    try:
        hint = Fields(read_hint(site.store, site.keyring, _PLAN), _PLAN, _PLAN_HINT, frozenset())
        return hint.digest("blob"), hint.whole("bytes")
    except ShapeError:
        return None


def newest_checkpoint(site: OpenSite) -> Checkpoint | None:
    """Return the checkpoint the hint names, if our sealer signed it."""
    try:
        note = read_checkpoint(site.store.get(CHECKPOINT_HINT_KEY))
        ours = site.keyring.known(Role.SEALER).values()
        return next((note.verify(key) for key in ours if note.matches(key)), None)
    except (MissingError, NoteError, SignatureError, AuthorityError):
        return None


def read_pins(site: OpenSite) -> dict[str, str]:
    """Return the SSH host keys pinned on first use, by address."""
    value = read_hint(site.store, site.keyring, _HOST_KEYS)
    rows = value if isinstance(value, list) else []
    return {
        str(row["address"]): str(row["key"])
        for row in rows
        if isinstance(row, dict) and {"address", "key"} <= row.keys()
    }


def note_pins(site: OpenSite, new: Mapping[str, str]) -> None:
    """Remember host keys that were seen for the first time; one that is pinned already stays."""
    if not new:
        return
    pins = {**new, **read_pins(site)}
    rows = [{"address": address, "key": key} for address, key in sorted(pins.items())]
    write_hint(site.store, site.keyring, _HOST_KEYS, rows)


def signers(store: Store, authority: Authority) -> Authority:
    """
    Return who may sign what once everything is sealed: what was said of keys and waits for it counts, too.

    Whatever has ended is not begun again, so their order in the log need not be known: grants come first, and what a
    root said before its own end.
    """
    statements = [(key, store.get(key)) for key in store.keys("statements/key/")]
    for turn in range(3):
        for key, data in statements:
            with suppress(Error):  # what is wrong with it, sealing and verifying say
                accepted = accept(key, data, authority)
                said = accepted.key
                if said is not None and turn == (0 if said.act is Act.GRANT else 2 if said.role is Role.ROOT else 1):
                    authority = accepted.authority
    return authority


def _refuse_foreign_keys(store: Store, spec: str, keys: Path, keyring: Keyring, authority: Authority) -> Authority:
    """Return who may sign what; raise before anything is asked of a plant that could not be signed for afterwards."""
    authority = signers(store, authority)
    for role, signing in keyring.signing.items():
        if role is Role.ROOT:
            continue
        try:
            authority.key_of(signing.public.id, role, role)
        except AuthorityError as error:
            raise ForeignKeysError(
                f"{spec}: the evidence of {authority.owner}, made with other keys than those at {keys}: {error}",
                hint=f"make the next one: plantproof key rotate {role}"
                if signing.public.id in authority.ended
                else "name its own keys with `keys:` in the site file, or another store",
            ) from error
    return authority


def _refuse_strange_store(store: Store, spec: str, keys: Path) -> None:
    try:
        owner = read_store_info(store).owner
    except MissingError:
        return
    raise KeysLostError(
        f"{spec}: the evidence of {owner} is there, but its keys are not at {keys}",
        hint="name them with `keys:` in the site file, or bring them back from where they are kept",
    )
