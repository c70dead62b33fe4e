"""
Makes a small store with fixed keys and times: the frozen vectors, and what the tests of evidence damage.

    python tests/vectors/make.py tests/vectors/store-0.1
    python tests/vectors/make.py tests/vectors/store-0.1-personal personal

A store written by any release verifies under every later one, so a vector is made once per format and never again.
The keys in here protect nothing.
"""

import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from evidence.log.assets import dump_assets
from evidence.log.canonical import dumps
from evidence.log.heads import heads
from evidence.log.hints import write_hint
from evidence.log.history import History
from evidence.log.keyring import Keyring, RedactionKey, Role
from evidence.log.keys import SigningKey
from evidence.log.note import Checkpoint
from evidence.log.part import part_predicate, part_subjects
from evidence.log.plan import dump_plan, plan_predicate
from evidence.log.seal import seal
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.asset import Asset, Safety
from evidence.model.capture import SALT_BYTES, Capture, Segment
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.registers.erasing import choose, remove, state
from evidence.store.answers import Random, put_personal
from evidence.store.blobs import put_blob
from evidence.store.directory import LOCK, TEMPORARY
from evidence.store.interface import Store
from evidence.store.layout import part_key
from evidence.store.open import open_store

START = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
ACCOUNTS = b"root:x:0:0:root:/root:/bin/bash\njdoe:x:1000:1000:Jane Doe:/home/jdoe:/bin/bash\n"
OWNER, DOMAIN = "acme", "plantproof.example"
REDACTION_MASTER = hashlib.sha256(b"plantproof test master").digest()

ASSETS = (
    Asset(id=AssetId("sw-01"), address="192.0.2.1", platform="cisco_ios", zone="cell-1", groups=("switches",)),
    Asset(id=AssetId("press-7"), address="192.0.2.7", safety=Safety.FRAGILE, transports=("snmp",)),
    Asset(id=AssetId("Presse Ü"), address="192.0.2.8", direct_ok=True),
)


def fixed_key(name: str) -> SigningKey:
    """Return a key that is the same every time and secret to nobody."""
    return SigningKey.from_seed(hashlib.sha256(f"plantproof test key {name}".encode()).digest())


def fixed_keyring() -> Keyring:
    """Return a keyring of fixed keys."""
    return Keyring(
        signing={role: fixed_key(role) for role in Role},
        redaction=RedactionKey(REDACTION_MASTER, "k1"),
        spare=fixed_key("spare").public,
    )


@dataclass(slots=True, kw_only=True)
class Site:
    """A store, its keys, and how runs get into it."""

    store: Store
    keyring: Keyring
    now: datetime = START
    runs: int = 0
    snmp: bool = True
    """Whether there are SNMP answers, too; what stands in them is no answer's form, so no report reads them."""
    people: bool = False
    """Whether there are personal answers, too: of all assets the same."""
    random: Random | None = None
    """Where the random bytes before them come from; none: from their number."""
    salts: int = 0

    def begin(self) -> None:
        """Make the log."""
        create_log(self.store, self.keyring, owner=OWNER, domain=DOMAIN, at=self.now)

    def plan(self, assets: Sequence[Asset] = ASSETS) -> Digest:
        """Log a plan and return its blob."""
        data = dump_plan(assets)
        blob = put_blob(self.store, data)
        subjects = [Subject(name="plan", digest=blob)]
        append(self.store, self.keyring, kind="plan", predicate=plan_predicate(blob, len(data)), subjects=subjects)
        return blob

    def run(
        self,
        plan: Digest,
        *,
        assets: Sequence[Asset] = ASSETS,
        slot: str | None = None,
        label: str = "1/1",
        silent: Mapping[str, Outcome] = MappingProxyType({}),
    ) -> list[Digest]:
        """Write one run, a chunk an asset, and return its statements; what is `silent` gave no answer."""
        self.runs += 1
        self.now += timedelta(hours=1)
        frozen = dump_assets(assets)
        frozen_blob = put_blob(self.store, frozen)
        slot = slot or f"nightly-{self.now:%Y%m%dT%H%MZ}"
        after, previous, written = History.read(self.store).checkpoint, heads(self.store, self.keyring), []
        for chunk, asset in enumerate(assets):
            outcome = silent.get(asset.id, Outcome(asset=asset.id, result=Result.COLLECTED))
            captures, packed = self._captures(asset) if outcome.result is Result.COLLECTED else ([], {})
            conduct = dumps([{"asset": asset.id, "request": c.request} for c in captures])
            predicate = part_predicate(
                run=f"run-{self.runs}",
                slot=slot,
                label=label,
                chunk=chunk,
                last=chunk == len(assets) - 1,
                previous=previous,
                after=after,
                assets=frozen_blob,
                assets_bytes=len(frozen),
                started=self.now,
                ended=self.now + timedelta(minutes=5),
                clock={"source": "chrony", "offset_us": 4000},
                tool={"version": "0.1.0"},
                run_by={"user": "u-5f2c"},
                outcomes=[outcome],
                captures=captures,
                conduct={"requests": 2, "log": put_blob(self.store, conduct), "log_bytes": len(conduct)},
                redaction={"hits": 1, "key": "k1"},
                packed=packed,
            )
            digest = append(
                self.store, self.keyring, kind="part", predicate=predicate, subjects=part_subjects(plan, captures)
            )
            previous = (digest,)
            written.append(digest)
        return written

    def seal(self) -> Checkpoint:
        """Seal what is there."""
        self.now += timedelta(minutes=10)
        return seal(self.store, self.keyring, at=self.now, wait_s=0)

    def _captures(self, asset: Asset) -> tuple[list[Capture], dict[Digest, int]]:
        config = f"hostname {asset.id}\nsnmp-server community <secret:snmp-community:k1:9f2c4e7a1b8d0c53a1b2>\nend\n"
        uptime = f"1.3.6.1.2.1.1.3.0 t {self.runs * 360000}\n"
        packed = put_blob(self.store, uptime.encode())
        answers = (("running-config", "ssh", config), ("system", "snmp", f"1.3.6.1.2.1.1.5.0 s {asset.id}\n"))
        captures = [
            Capture(
                asset=asset.id,
                platform="cisco_ios",
                question=question,
                transport=transport,
                request=f"ask {question}",
                at=f"{self.now:%Y-%m-%dT%H:%M:%SZ}",
                took_ms=410,
                blob=put_blob(self.store, text.encode()),
                bytes=len(text.encode()),
                ttl_s=86_400,
                redactions=text.count("<secret:"),
                volatile=Segment(blob=packed, offset=0, length=len(uptime)) if transport == "snmp" else None,
                host_key="SHA256:" + "A" * 43 if transport == "ssh" else None,
            )
            for question, transport, text in answers
            if self.snmp or transport != "snmp"
        ]
        if self.people:
            blob, length = put_personal(self.store, ACCOUNTS, self.random or self._fixed)
            captures.append(
                captures[0]._replace(
                    question="accounts", request="getent passwd", blob=blob, bytes=length, redactions=0,
                    classification="personal", salt=SALT_BYTES,
                )
            )  # fmt: skip
        return captures, {packed: len(uptime.encode())}

    def _fixed(self, length: int) -> bytes:
        self.salts += 1
        return hashlib.sha256(f"plantproof test salt {self.salts}".encode()).digest()[:length]


def build_personal(store: Store) -> tuple[Site, list[Checkpoint]]:
    """Fill an empty store: three runs with answers that name people, the same of every asset; one was erased."""
    site = Site(store=store, keyring=fixed_keyring(), people=True)
    site.begin()
    plan = site.plan()
    seals = []
    for _ in range(3):
        site.run(plan)
        seals.append(site.seal())
    history = History.read(store)
    person = next(c.blob for _, c in history.captures() if (c.asset, c.question) == ("sw-01", "accounts"))
    chosen = choose(history, [person])
    state(site.keyring, history, chosen, by="B. Owner", reason="GDPR Art. 17: a leaver asked", at=site.now)
    seals.append(site.seal())
    remove(store, site.keyring, chosen, bypass=False, at=site.now)
    return site, seals


def build(store: Store) -> tuple[Site, list[Checkpoint]]:
    """Fill an empty store: two plans, three runs, a part set aside, hints, three seals."""
    site = Site(store=store, keyring=fixed_keyring())
    site.begin()
    plan = site.plan()
    site.run(plan)
    seals = [site.seal()]
    site.run(plan)
    garbage = b"not an envelope"
    store.put(part_key("nightly-20260722T0400Z", Digest("sha256:" + hashlib.sha256(garbage).hexdigest())), garbage)
    seals.append(site.seal())
    site.run(site.plan(ASSETS[:2]), assets=ASSETS[:2], slot="adhoc-20260722T050000Z-0a1b2c")
    write_hint(store, site.keyring, "host-keys", [{"asset": "sw-01", "key": "SHA256:" + "A" * 43}])
    seals.append(site.seal())
    return site, seals


def main(folder: Path, kind: str = "") -> None:
    """Write the vector of a kind into `folder`, which must not exist."""
    folder.mkdir(parents=True)
    place = folder / "store"
    site, seals = (build_personal if kind == "personal" else build)(open_store(str(place), create=True))
    shutil.rmtree(place / TEMPORARY)
    (place / LOCK).unlink()
    (folder / "root.pub").write_text(f"{site.keyring.key(Role.ROOT).public.text} plantproof-root\n")
    (folder / "pins.txt").write_text("".join(f"{checkpoint.pin}\n" for checkpoint in seals))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
