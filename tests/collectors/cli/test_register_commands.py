"""Registers through the real command line: signed by the owner, sealed, shown, ended, verified."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.site import open_site, plan_in_force
from evidence.log.history import History
from evidence.log.seal import seal
from evidence.model.asset import Asset
from evidence.model.names import AssetId
from evidence.registers.reading import read_registers
from evidence.store.directory import DirectoryStore

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
SESSION = ["--subject", "kuka", "--asset", "sw-01", "--approver", "佐藤", "--ticket", "CHG-1"]
TIMES = ["--from", "2026-11-26T17:00:00+09:00", "--until", "2026-11-26T12:00:00Z"]


@pytest.fixture
def started(site: Any) -> Any:
    """A site with a plan in its log, and nothing read yet."""
    site.hosts = {"sw-01": {"ansible_host": "127.0.0.1"}}
    site.write()
    opened = open_site(str(site.store), site.folder / "store.keys", owner="acme", domain="acme.example", at=AT)
    plan_in_force(opened, lambda: [Asset(id=AssetId("sw-01"), address="127.0.0.1")], narrowed=False, at=AT)
    seal(opened.store, opened.keyring, at=AT)
    return site


def registers(site: Any) -> Any:
    return read_registers(History.read(DirectoryStore(site.store)))


def test_before_any_plan_nothing_can_be_signed(site: Any) -> None:
    site.hosts = {"sw-01": {"ansible_host": "127.0.0.1"}}
    site.write()
    ended = site.run("approve", "session", *SESSION, *TIMES)
    assert (ended.code, "no plan is in the log" in ended.err) == (1, True)


def test_an_approval_is_signed_once_listed_and_ended(started: Any) -> None:
    first = started.run("approve", "session", *SESSION, *TIMES)
    assert (first.code, "sealed" in first.out) == (0, True)
    assert "nothing differs" in started.run("approve", "session", *SESSION, *TIMES).out
    (found,) = registers(started).approvals
    assert (found.begins, found.assets, found.approver) == ("2026-11-26T08:00:00Z", ("sw-01",), "佐藤")
    assert found.id in started.run("approve", "ls").out
    assert started.run("approve", "end", found.id, "--reason", "done early").code == 0
    assert found.id not in started.run("approve", "ls").out
    assert started.run("approve", "end", found.id, "--reason", "again").code == 5
    verified = started.verify()
    assert verified.code == 0
    assert "what it says is not" not in verified.out


def test_a_wrong_word_is_a_usage_error_and_signs_nothing(started: Any) -> None:
    ended = started.run(
        "approve", "session", *SESSION, "--from", "2026-11-26T17:00:00", "--until", "2026-11-27T00:00:00Z"
    )
    assert (ended.code, "without a zone" in ended.err) == (5, True)
    assert started.run("attest", "known-device", "--mac", "00:80", "--name", "x", "--by", "y").code == 5
    assert not registers(started).present


def test_a_sheet_goes_out_and_comes_back(started: Any) -> None:
    out = started.folder / "known.csv"
    assert started.run("register", "export", "known-device", "--output", str(out)).code == 0
    head = out.read_text().splitlines()[0]
    assert head == "id,asset,by,mac,name,place,owner,ended,seen"
    out.write_text(f"{head}\r\n秤-1,,m.huber,00-80-F4-00-00-01,'=1+1,hall 3,,,\r\n")
    checked = started.run("register", "import", "known-device", str(out), "--check")
    assert (checked.code, "new" in checked.out, "signed" in checked.out) == (0, True, False)
    assert not registers(started).present
    assert started.run("register", "import", "known-device", str(out)).code == 0
    (found,) = registers(started).attestations
    assert (found.id, found.values["name"], found.values["mac"]) == ("秤-1", "=1+1", "00:80:f4:00:00:01")
    again = started.folder / "again.yaml"
    assert "1 in force" in started.run("register", "export", "known-device", "--output", str(again)).out
    assert "nothing differs" in started.run("register", "import", "known-device", str(again)).out


def test_a_sheet_with_a_wrong_line_signs_nothing(started: Any) -> None:
    sheet = started.folder / "s.csv"
    sheet.write_text("id,by,mac,name\n1,x,00:80:f4:00:00:01,scale\n2,x,nonsense,scale\n")
    ended = started.run("register", "import", "known-device", str(sheet))
    assert (ended.code, "s.csv:3: attestation 2: mac" in ended.err) == (5, True)
    assert not registers(started).present
    assert started.run("register", "export", "approval", "--output", "x.doc").code == 5


def test_an_exception_waits_for_the_next_seal_where_it_is_told_to(started: Any) -> None:
    said = ["--requirement", "INV-04", "--asset", "sw-01", "--reason-class", "too-old", "--reason", "no successor"]
    said += ["--owner", "o", "--approver", "p", "--approved", "2026-01-01", "--expires", "2026-12-31"]
    ended = started.run("exception", "add", *said, "--compensating", "SEG-02", "--id", "E-1", "--no-seal")
    assert (ended.code, "from the next seal on" in ended.err) == (0, True)
    assert not registers(started).exceptions
    assert started.run("seal").code == 0
    (found,) = registers(started).exceptions
    assert (found.id, found.compensating) == ("E-1", ("SEG-02",))
    assert "E-1" in started.run("exception", "ls").out


def test_reading_makes_nothing_and_needs_no_key(site: Any) -> None:
    site.write()
    assert site.run("exception", "ls").code == 1
    assert not site.store.exists()
    assert not (site.folder / "store.keys").exists()


def test_without_the_owners_key_nothing_is_signed(started: Any) -> None:
    (started.folder / "store.keys" / "owner").unlink()
    ended = started.run("attest", "known-device", "--mac", "00:80:f4:00:00:01", "--name", "x", "--by", "y")
    assert (ended.code, "no owner key" in ended.err) == (1, True)
