"""Who may sign what: genesis and keys, and every way they can be wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.accept import AcceptError, accept, check_plan
from evidence.log.authority import Authority, AuthorityError, found
from evidence.log.erasure import erasure_predicate
from evidence.log.fields import ShapeError
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.note import Checkpoint, read_checkpoint, sign_checkpoint
from evidence.log.quarantine import read_quarantine
from evidence.log.statement import Statement, Subject, build
from evidence.model.names import digest_of
from evidence.store.layout import part_key, statement_key


def genesis(
    keyring: Keyring, *, signer: SigningKey | None = None, subject: bytes | None = None, **changes: object
) -> bytes:
    root = keyring.key(Role.ROOT)
    predicate: Mapping[str, object] = {
        "version": 1,
        "owner": "acme",
        "domain": "plantproof.example",
        "root": root.public.text,
        "at": "2026-07-22T02:00:00Z",
    }
    subjects = (Subject(name="root", digest=digest_of(subject or root.public.raw)),)
    return dsse.sign(signer or root, dsse.IN_TOTO, build("genesis", subjects, {**predicate, **changes}))


@pytest.fixture
def authority(keyring: Keyring) -> Authority:
    return found(genesis(keyring))


def grant(authority: Authority, key: SigningKey, **changes: object) -> Statement:
    predicate = {
        "log": authority.origin,
        "act": "grant",
        "role": "sealer",
        "verify_key": key.public.text,
        "at": "2026-07-22T02:00:00Z",
    }
    subjects = (Subject(name="key", digest=digest_of(key.public.raw)),)
    return Statement(kind="key", subjects=subjects, predicate={**predicate, **changes})


def test_genesis_makes_the_log(keyring: Keyring) -> None:
    data = genesis(keyring, spare=SigningKey.generate().public.text)
    made = found(data)
    assert made.genesis == digest_of(data)
    assert made.origin == f"plantproof.example/acme/{digest_of(data)[7:23]}"
    assert made.root == keyring.key(Role.ROOT).public
    assert made.spare is not None
    assert made.key_of(made.root.id, Role.ROOT, "x") == made.root
    assert found(genesis(keyring)).spare is None


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": "1"},
        {"owner": ""},
        {"domain": "Not A Domain"},
        {"root": "x"},
        {"spare": "x"},
        {"at": "now"},
        {"more": 1},
        {"signer": SigningKey.generate()},
        {"subject": b"another"},
        {"root": SigningKey.generate().public.text},
    ],
)
def test_a_genesis_that_is_not_as_we_write_it_founds_nothing(keyring: Keyring, changes: dict[str, object]) -> None:
    with pytest.raises(AuthorityError):
        found(genesis(keyring, **changes))  # type: ignore[arg-type]


def test_another_kind_founds_nothing(keyring: Keyring) -> None:
    payload = build("plan", (Subject(name="plan", digest=digest_of(b"x")),), {})
    with pytest.raises(AuthorityError, match="expected genesis, found a statement of kind plan"):
        found(dsse.sign(keyring.key(Role.ROOT), dsse.IN_TOTO, payload))


def test_the_signers_name_must_be_the_roots(keyring: Keyring) -> None:
    data = genesis(keyring)
    root = keyring.key(Role.ROOT).public.id
    with pytest.raises(AuthorityError, match="only subject and signer"):
        found(data.replace(root.encode(), keyring.key(Role.OWNER).public.id.encode()))


def test_a_key_has_the_role_the_root_gave_it(authority: Authority) -> None:
    key = SigningKey.generate()
    with pytest.raises(AuthorityError, match="nobody this log knows"):
        authority.key_of(key.public.id, Role.SEALER, "checkpoint")
    after = authority.after(grant(authority, key))
    assert after.key_of(key.public.id, Role.SEALER, "checkpoint") == key.public
    with pytest.raises(AuthorityError, match=r"only the owner may sign it; SHA256:.* is sealer"):
        after.key_of(key.public.id, Role.OWNER, "erasure")
    with pytest.raises(AuthorityError):
        authority.key_of(key.public.id, Role.SEALER, "checkpoint")


def test_one_key_may_have_two_roles(authority: Authority) -> None:
    key = SigningKey.generate()
    after = authority.after(grant(authority, key)).after(grant(authority, key, role="collector"))
    for role in (Role.SEALER, Role.COLLECTOR):
        assert after.key_of(key.public.id, role, "x") == key.public


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "revoke"},
        {"role": "root"},
        {"role": "boss"},
        {"verify_key": "x"},
        {"at": "now"},
        {"more": 1},
        {"verify_key": SigningKey.generate().public.text},
    ],
)
def test_a_key_statement_that_is_not_as_we_write_it_gives_nothing(
    authority: Authority, changes: dict[str, object]
) -> None:
    with pytest.raises(Error):
        authority.after(grant(authority, SigningKey.generate(), **changes))


def test_a_key_statement_is_about_one_key(authority: Authority) -> None:
    statement = grant(authority, SigningKey.generate())
    twice = Statement(kind="key", subjects=statement.subjects * 2, predicate=statement.predicate)
    with pytest.raises(Error, match="expected one subject"):
        authority.after(twice)


def test_a_checkpoint_is_a_sealers_of_this_log(authority: Authority) -> None:
    key = SigningKey.generate()
    here = Checkpoint(origin=authority.origin, size=1, root="0" * 64)
    note = read_checkpoint(sign_checkpoint(key, here))
    for wrong in (authority, authority.after(grant(authority, key, role="collector"))):
        with pytest.raises(AuthorityError, match="only the sealer"):
            wrong.check_note(note)
    sealers = authority.after(grant(authority, SigningKey.generate())).after(grant(authority, key))
    sealers.check_note(note)
    elsewhere = Checkpoint(origin="plantproof.example/acme/0000000000000000", size=1, root="0" * 64)
    with pytest.raises(AuthorityError, match="made for the log"):
        sealers.check_note(read_checkpoint(sign_checkpoint(key, elsewhere)))


def owners(authority: Authority, keyring: Keyring) -> Authority:
    return authority.after(grant(authority, keyring.key(Role.OWNER), role="owner"))


def test_an_owners_statement_is_accepted_by_role_and_log(authority: Authority, keyring: Keyring) -> None:
    subjects = (Subject(name="plan", digest=digest_of(b"plan")),)
    gone = Subject(name="artefact", digest=digest_of(b"gone"))
    here = Checkpoint(origin=authority.origin, size=7, root="0" * 64)
    said = erasure_predicate(
        by="B. Owner", reason="law", at=datetime(2026, 7, 22, tzinfo=UTC), here=here, affected=[digest_of(b"part")]
    )
    subjects, predicate = (*subjects, gone), {**said, "log": authority.origin}
    data = dsse.sign(keyring.key(Role.OWNER), dsse.IN_TOTO, build("erasure", subjects, predicate))
    key = statement_key("erasure", digest_of(data))
    accepted = accept(key, data, owners(authority, keyring))
    assert (accepted.part, accepted.plan, accepted.quarantine, dict(accepted.blobs)) == (None, None, None, {})
    check_plan(accepted, {digest_of(b"plan")})
    with pytest.raises(AcceptError, match="erasure: its plan"):
        check_plan(accepted, set())
    with pytest.raises(AcceptError, match="lies there"):
        accept(statement_key("review", digest_of(data)), data, owners(authority, keyring))
    with pytest.raises(AcceptError, match="lies there"):
        accept(part_key("x-20260722T0200Z", digest_of(data)), data, owners(authority, keyring))
    with pytest.raises(AuthorityError, match="only the owner"):
        accept(key, data, authority)


def test_a_quarantine_is_about_one_object() -> None:
    found = digest_of(b"x")
    predicate = {"log": "x", "key": "parts/x", "found": found, "reason": "bad", "at": "2026-07-22T02:00:00Z"}
    good = (Subject(name="object", digest=found),)
    assert read_quarantine(Statement(kind="quarantine", subjects=good, predicate=predicate)).reason == "bad"
    for subjects in (good * 2, (Subject(name="object", digest=digest_of(b"y")),)):
        with pytest.raises(ShapeError, match="one subject"):
            read_quarantine(Statement(kind="quarantine", subjects=subjects, predicate=predicate))
    for key, value in (("reason", "x" * 501), ("reason", ""), ("at", "x"), ("found", "x"), ("more", 1), ("key", 1)):
        with pytest.raises(ShapeError):
            read_quarantine(Statement(kind="quarantine", subjects=good, predicate={**predicate, key: value}))
