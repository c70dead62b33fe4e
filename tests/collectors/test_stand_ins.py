import pytest

from collectors.disguise import Disguise, suspicious
from collectors.redact import Redactor
from collectors.redact_tags import Span
from collectors.stand_ins import StandIns
from evidence.model.fact import Fact
from evidence.model.names import AssetId, digest_of
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Question, Verb

KEY = b"\7" * 32
CONFIG = Question(
    name="running-config", transport="ssh", verb=Verb.RUN, objects=("x",), tags=frozenset({"config"}), ttl_s=60
)


def span(plain: bytes, **more: int) -> Span:
    return Span(start=0, end=len(plain), plain=plain, type="password", **more)


@pytest.mark.parametrize("plain", [b"Winter-2026!", b"0822455D0A16", b"$1$abcd$Xyz01.", b"a b\n\tc", b"\xffz9"])
def test_a_stand_in_has_the_shape_of_what_it_stands_for(plain: bytes) -> None:
    made = StandIns(key=KEY).tag(span(plain))
    assert made != plain
    assert len(made) == len(plain)
    for one, other in zip(plain.decode("latin-1"), made.decode("latin-1"), strict=True):
        alike = one.isascii() and one.isalnum()
        assert (one.isdigit(), one.isupper(), one.islower()) == (other.isdigit(), other.isupper(), other.islower())
        assert alike or one == other


def test_hexadecimal_stays_hexadecimal() -> None:
    made = StandIns(key=KEY).tag(span(b"00FFA1C3D4"))
    assert bytes.fromhex(made.decode())


def test_the_same_secret_has_the_same_stand_in_and_only_within_one_recording() -> None:
    one, other = StandIns(key=KEY), StandIns(key=b"\x08" * 32)
    assert one.tag(span(b"Winter-2026")) == one.tag(span(b"Winter-2026")) != other.tag(span(b"Winter-2026"))
    assert one.made == {b"Winter-2026": one.tag(span(b"Winter-2026"))}
    assert "Winter" not in repr(one)


def test_words_everybody_knows_and_what_looks_like_our_tags_stay() -> None:
    made = StandIns(key=KEY)
    assert made.tag(span(b"public")) == b"public"
    assert made.tag(span(b"", rank=3)) == b"<"
    assert made.made == {}


def test_a_redactor_with_stand_ins_leaves_a_configuration_that_is_one() -> None:
    ios = load_platforms(only=("cisco_ios",)).unresolved("cisco_ios")
    made = StandIns(key=KEY)
    redactor = Redactor(key=KEY, key_id="none", secrets=["h3ld-secret"], tagger=made)
    text = b"username bob privilege 15 password 0 Winter-2026\nsnmp-server community public RO\nbanner h3ld-secret\n"
    kept = redactor.capture(text, CONFIG, ios).data
    assert b"Winter-2026" not in kept
    assert b"h3ld-secret" not in kept
    assert kept.startswith(b"username bob privilege 15 password 0 ")
    assert b"community public RO" in kept
    tagged = Redactor(key=KEY, key_id="k").capture(kept, CONFIG, ios).data
    assert not any(stand_in in tagged for secret, stand_in in made.made.items() if secret != b"h3ld-secret")


def fact(name: str, value: str, row: str | None = None) -> Fact:
    return Fact(AssetId("a"), name, value, digest_of(b""), "snmp", "2026-01-01T00:00:00Z", 60, row, "p", False)


FACTS = [
    fact("system.name", "press-7"),
    fact("system.contact", "hans@example.com"),
    fact("system.location", "B2"),
    fact("hardware.serial", "44711"),
    fact("module.serial", "AC-99", row="1"),
    fact("hardware.model", "APC-500"),
]


def test_names_addresses_and_serial_numbers_are_disguised() -> None:
    disguise = Disguise.of(FACTS, StandIns(key=KEY), known=("weld-3", "10.1.2.3"), given={"Giesserei": "Halle"})
    serial = disguise.value(44711)
    assert isinstance(serial, int)
    assert serial != 44711
    assert len(str(serial)) <= 5
    assert disguise.value(7) == 7
    assert disguise.value(None) is None
    assert disguise.value("10.1.2.3") == "192.0.2.1"
    assert disguise.value("1.3.6.1") == "1.3.6.1"
    assert disguise.value(b"B2") == b"Hall 2"
    assert disguise.value(b"ABB2") == b"ABB2", "what is short is part of other words"
    assert disguise.octets(b"weld-3 press-7 APC-500 Giesserei") == b"unit-1 unit-1 APC-500 Halle"
    assert b"AC-99" not in disguise.octets(b"serial AC-99")
    assert disguise.octets(b"Giessereien") == b"Giessereien", "words are replaced, not parts of them"


def test_what_may_say_whose_device_it_was_is_pointed_at() -> None:
    text = (
        b"at 10.2.3.4, 10.2.3.4 and 192.0.2.1; 00:1b:2c:3d:4e:5f; hans@example.com ops@plant.example; 4.2.2; 127.0.0.1"
    )
    assert list(suspicious(text)) == ["10.2.3.4", "00:1b:2c:3d:4e:5f", "hans@example.com"]
    many = b" ".join(b"10.0.0.%d" % number for number in range(99))
    assert len(list(suspicious(many))) == 20
