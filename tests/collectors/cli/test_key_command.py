"""`plantproof key`: keys are introduced, retired and revoked from the command line; where they are kept."""

import json
import shutil
import stat
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.agent import agent_keys
from evidence.log.keyring import KeyFileError, Role, load_keyring, load_public


@pytest.fixture
def made(site: Any) -> Any:
    """A site that has read this machine once."""
    site.hosts["here"] = {"ansible_connection": "local", "plantproof_safety": "it"}
    site.judging = False
    assert site.collect("-t", "identify").code == 0
    return site


def steps(ended: Any) -> dict[int, str]:
    return {step["number"]: step["status"] for step in json.loads(ended.out)["steps"]}


def keys(site: Any) -> Path:
    return Path(site.folder / "store.keys")


def test_a_key_is_rotated_and_the_old_one_retired(made: Any) -> None:
    old = load_public(keys(made) / "collector.pub")
    ended = made.run("key", "rotate", "collector")
    assert ended.code == 0, ended.said
    assert load_public(keys(made) / "collector.1.pub") == old
    assert load_public(keys(made) / "collector.pub") != old
    for name in ("collector", "collector.1"):
        assert stat.S_IMODE((keys(made) / name).stat().st_mode) == 0o600
    assert made.collect("-t", "identify").code == 0
    assert made.run("key", "retire", str(keys(made) / "collector.1.pub")).code == 0
    listed = made.run("key", "ls").out
    assert sum("in force" in line for line in listed.splitlines()) == 7
    assert sum("retired at leaf" in line and old.id in line for line in listed.splitlines()) == 1
    assert made.collect("-t", "identify").code == 0
    assert made.verify().code == 0


def test_a_revoked_key_is_refused_before_anything_is_asked_and_a_new_one_goes_on(made: Any) -> None:
    stolen = load_public(keys(made) / "collector.pub")
    ended = made.run("key", "revoke", stolen.id, "--distrust-from", "7", "--reason", "the disk is gone")
    assert ended.code == 0, ended.said
    ended = made.collect("-t", "identify")
    assert ended.code == 5
    assert "a collector that was revoked" in ended.err
    assert "plantproof key rotate collector" in ended.err
    assert made.run("key", "rotate", "collector").code == 0
    assert made.collect("-t", "identify").code == 0
    report = made.verify("--format", "json")
    assert report.code == 0
    assert steps(report)[6] == "not-checked"
    assert "1 part" in report.out


def test_working_memory_of_a_revoked_key_is_not_believed(made: Any, tmp_path: Path) -> None:
    """A thief who can write to the store would pin his own host keys."""
    from collectors.site import open_site, read_pins
    from evidence.clock import parse_rfc3339
    from evidence.log.hints import write_hint
    from evidence.store.directory import DirectoryStore

    thief = load_keyring(keys(made))
    assert made.run("key", "rotate", "collector").code == 0
    write_hint(DirectoryStore(made.store), thief, "host-keys", [{"address": "192.0.2.1", "key": "SHA256:his"}])

    def pins() -> dict[str, str]:
        at = parse_rfc3339("2026-12-01T00:00:00Z")
        return read_pins(open_site(str(made.store), keys(made), owner="acme", domain="acme.example", at=at))

    assert pins(), "the key that was rotated out is still one of ours"
    old = load_public(keys(made) / "collector.1.pub")
    assert made.run("key", "revoke", old.id, "--reason", "stolen").code == 0
    assert not pins()


def test_what_has_ended_has_ended_in_whatever_order_it_is_read(vectors: ModuleType) -> None:
    """Key statements lie by digest; a revocation may be read before the grant."""
    from collectors.site import signers
    from evidence.log.authority import found
    from evidence.log.keylife import key_statement
    from evidence.log.keys import SigningKey
    from evidence.log.keystatement import Act, KeyStatement, said_now
    from evidence.log.ledger import read_ledger
    from evidence.store.layout import statement_key
    from evidence.store.memory import MemoryStore

    site = vectors.Site(store=MemoryStore(), keyring=vectors.fixed_keyring())
    site.begin()
    site.plan()
    site.seal()
    root, gone = site.keyring.key(Role.ROOT), []
    words = {"role": Role.COLLECTOR, "at": "2026-07-23T00:00:00Z"}
    for _ in range(8):
        gone.append(SigningKey.generate().public)
        grant = said_now(Act.GRANT, Role.COLLECTOR, gone[-1], site.now)
        key_statement(site.store, root, read_ledger(site.store).authority, grant)
        site.seal()
        end = KeyStatement(act=Act.REVOKE, key=gone[-1], distrust_from=0, reason="lost", **words)
        key_statement(site.store, root, read_ledger(site.store).authority, end)
        site.seal()
    genesis = found(site.store.get(statement_key("genesis", read_ledger(site.store).info.genesis)))
    for begin in (genesis, read_ledger(site.store).authority):
        known = signers(site.store, begin)
        assert not any(key.id in known.keys for key in gone)
        assert known.held_by(Role.COLLECTOR) == (site.keyring.key(Role.COLLECTOR).public,)


def test_what_a_revoked_key_signed_is_adopted_by_the_owner(made: Any) -> None:
    stolen = load_public(keys(made) / "collector.pub")
    assert made.run("key", "revoke", stolen.id, "--distrust-from", "7", "--reason", "lost, and found again").code == 0
    listed = made.run("review", "ls").out.splitlines()
    assert len(listed) == 2
    assert made.run("key", "rotate", "collector").code == 0
    digest = listed[1].split()[0]
    ended = made.run("review", "adopt", digest, "--by", "Q. Owner", "--reason", "it lay in the safe")
    assert ended.code == 0, ended.said
    assert len(made.run("review", "ls").out.splitlines()) == 1
    ended = made.run("review", "adopt", digest, "--by", "Q. Owner", "--reason", "again")
    assert (ended.code, "not set aside" in ended.err) == (1, True)
    assert steps(made.verify("--format", "json"))[6] == "passed"


def test_the_only_sealer_is_not_taken_away(made: Any) -> None:
    sealer = load_public(keys(made) / "sealer.pub")
    for words in (("retire", sealer.id), ("revoke", sealer.id, "--reason", "stolen")):
        ended = made.run("key", *words)
        assert (ended.code, "first: plantproof key rotate sealer" in ended.err) == (1, True)
    assert made.run("key", "rotate", "sealer").code == 0
    assert made.run("key", "revoke", sealer.id, "--reason", "stolen").code == 0
    assert made.collect("-t", "identify").code == 0
    assert made.verify().code == 0


def test_the_root_lies_elsewhere_and_is_named(made: Any) -> None:
    elsewhere = made.folder / "safe"
    elsewhere.mkdir()
    (keys(made) / "root").rename(elsewhere / "root")
    (keys(made) / "spare").rename(elsewhere / "spare")
    ended = made.run("key", "rotate", "planner")
    assert (ended.code, "--root" in ended.err) == (1, True)
    for root in ("root", "spare"):
        assert made.run("key", "rotate", "planner", "--root", str(elsewhere / root)).code == 0
    root = load_public(keys(made) / "root.pub")
    words = ("key", "revoke", root.id, "--reason", "the safe was open", "--root")
    assert made.run(*words, str(elsewhere / "root")).code == 1
    assert made.run(*words, str(elsewhere / "spare")).code == 0
    assert made.run("key", "rotate", "planner", "--root", str(elsewhere / "root")).code == 1
    assert made.verify("--key", str(keys(made) / "root.pub")).code == 0


def test_a_key_made_elsewhere_is_introduced_and_signs_there(made: Any, tmp_path: Path) -> None:
    assert made.run("key", "new", "line-4").code == 0
    ended = made.run("key", "new", "line-4")
    assert (ended.code, "nothing is written over" in ended.err) == (1, True)
    before = load_public(keys(made) / "collector.pub")
    assert made.run("key", "rotate", "collector", "--public", "line-4.pub").code == 0
    assert load_public(keys(made) / "collector.pub") == before, "the folder stays as it is"
    private = (made.folder / "line-4").read_text()
    redaction = (keys(made) / "redaction-k1.key").read_text().strip()
    shutil.move(keys(made), tmp_path / "away")
    said = {"PLANTPROOF_KEY_COLLECTOR": private, "PLANTPROOF_KEY_REDACTION": f"k1:{redaction}"}
    for role in (Role.PLANNER, Role.SEALER):
        said[f"PLANTPROOF_KEY_{role.upper()}"] = str(tmp_path / "away" / role)
    ended = made.run("collect", "--pace", "none", "--no-assess", "-t", "identify", environ=said)
    assert ended.code == 0, ended.said
    assert not keys(made).exists(), "none are made where the environment has some"
    assert made.verify().code == 0
    assert private.split("\n")[1] not in "".join(made.said)


def test_a_key_in_the_environment_that_is_none_is_named_and_never_shown(made: Any) -> None:
    said = {"PLANTPROOF_KEY_COLLECTOR": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n"}
    ended = made.run("collect", "-t", "identify", environ=said)
    assert ended.code == 1
    assert "PLANTPROOF_KEY_COLLECTOR" in ended.err
    assert "c2VjcmV0" not in ended.said


def test_the_next_redaction_key_has_the_next_number(made: Any) -> None:
    assert made.run("key", "rotate", "redaction").code == 0
    assert load_keyring(keys(made)).redaction_key().id == "k2"
    assert stat.S_IMODE((keys(made) / "redaction-k2.key").stat().st_mode) == 0o600


@pytest.mark.real
def test_an_agent_signs_with_keys_that_are_in_no_folder(made: Any, agent: str, tmp_path: Path) -> None:
    for name in ("collector", "sealer", "root"):
        done = subprocess.run(["ssh-add", str(keys(made) / name)], env={"SSH_AUTH_SOCK": agent}, capture_output=True)
        assert done.returncode == 0, done.stderr
        (keys(made) / name).unlink()
    held = agent_keys(Path(agent))
    assert {load_public(keys(made) / f"{name}.pub").id for name in ("collector", "sealer", "root")} <= held.keys()
    ended = made.run("collect", "--pace", "none", "--no-assess", "-t", "identify", environ={"SSH_AUTH_SOCK": agent})
    assert ended.code == 0, ended.said
    assert made.run("key", "rotate", "assessor", environ={"SSH_AUTH_SOCK": agent}).code == 0
    assert made.verify().code == 0
    gone = load_keyring(keys(made), {"SSH_AUTH_SOCK": str(tmp_path / "nobody")})
    assert Role.SEALER not in gone.signing


def test_a_key_that_others_may_read_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    from evidence.log.keyring import write_pair
    from evidence.log.keys import SigningKey

    write_pair(tmp_path / "k", SigningKey.generate(), "k")
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(KeyFileError, match="others than its owner"):
        load_keyring(tmp_path, {"PLANTPROOF_KEY_SEALER": str(tmp_path / "k")})
