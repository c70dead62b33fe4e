import json
import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.credentials import Secret
from collectors.inventory.host import Host, SnmpAccess, SshAccess
from collectors.redact import Redactor
from collectors.redact_tags import WELL_KNOWN, Span, Tagger
from evidence.model.asset import Asset
from evidence.model.capture import Access
from evidence.model.names import AssetId
from evidence.normalise import varbinds
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question, Recognition, SecretRule, Verb

KEY = bytes(range(32))
RULES = (
    SecretRule(type="snmp-community", pattern=r"^snmp-server community (?P<secret>\S+)"),
    SecretRule(type="password", scheme="cisco7", pattern=r"password 7 (?P<secret>\S+)"),
    SecretRule(type="cipher", scheme="varying", pattern=r"set psksecret ENC (?P<secret>\S+)"),
    SecretRule(type="block", pattern="^begin-key(?P<secret>.*)", until="^end-key"),
)


def question(transport: str = "ssh", *objects: str) -> Question:
    verb = Verb.WALK if transport == "snmp" else Verb.RUN
    return Question(name="q", transport=transport, verb=verb, objects=objects or ("show",), tags=frozenset(), ttl_s=1)


PLATFORM = Platform(
    name="p",
    title="P",
    vendor=None,
    recognition=Recognition(),
    questions=(),
    secrets=RULES,
    secret_oids={"1.3.6.1.6.3.18": "snmp-community", "1.3.6.1.4.1.5.1": "password"},
)
NONE = Platform(name="n", title="N", vendor=None, recognition=Recognition(), questions=())


def tag(plain: str, kind: str) -> str:
    raw = plain.encode()
    return Tagger(key=KEY, key_id="k1").tag(Span(start=0, end=1, plain=raw, type=kind)).decode()


def redactor(*secrets: str) -> Redactor:
    return Redactor(key=KEY, key_id="k1", secrets=secrets)


def cli(text: str, *secrets: str, platform: Platform = PLATFORM) -> str:
    return redactor(*secrets).capture(text.encode(), question(), platform).data.decode()


def test_a_rule_replaces_its_group_and_nothing_else() -> None:
    assert cli("snmp-server community Pl4nt RO 10\r\n") == (
        f"snmp-server community {tag('Pl4nt', 'snmp-community')} RO 10\r\n"
    )


def test_a_disguised_password_shows_as_the_same_tag_as_the_plain_one() -> None:
    text = cli("password 7 13061E010803\nsnmp-server community secret\n")
    assert text.count(tag("secret", "password").split(":")[-1]) in (1, 2)
    plain = cli("snmp-server community cisco\npassword 7 02050D480809\n")
    assert plain.count(tag("cisco", "x").rsplit(":", 1)[1]) == 2


def test_hits_are_counted_by_type() -> None:
    text = "snmp-server community Pl4nt\nsnmp-server community Gr33n\npassword 7 13061E010803557878\npsk = Unkn0wn-1\n"
    found = redactor().capture(text.encode(), question(), PLATFORM)
    assert found.hits == 4
    assert found.found == (("password", 2), ("snmp-community", 2))
    assert found.unlisted == 1


def test_an_answer_without_secrets_is_left_alone() -> None:
    data = b"hostname a\n description community hall, password reset desk\nservice password-encryption\n"
    found = redactor("S3cret-held").capture(data, question(), PLATFORM)
    assert (found.data, found.hits, found.found, found.unlisted) == (data, 0, (), 0)


def test_a_cipher_that_varies_is_quiet() -> None:
    assert cli("set psksecret ENC AAAA1234\n") == cli("set psksecret ENC BBBB9876\n")


def test_a_secret_of_several_lines_goes_up_to_its_end() -> None:
    text = cli("a\nbegin-key x\nline1\nline2\nend-key\nb\n")
    assert text.startswith("a\nbegin-key<secret:block:k1:")
    assert text.endswith(">end-key\nb\n")
    assert "line" not in text


def test_each_secret_of_several_lines_ends_at_its_own_end() -> None:
    text = cli("end-key\nbegin-key x\nend-key\nkeep\nbegin-key y\nend-key\n")
    assert text.count("<secret:block:") == 2
    assert "\nkeep\n" in text


def test_a_secret_of_several_lines_without_an_end_goes_to_the_end() -> None:
    text = cli("a\nbegin-key x\nline1\n")
    assert text.startswith("a\nbegin-key<secret:block:")
    assert text.endswith(">")
    assert "line1" not in text


def test_masked_values_are_no_secrets() -> None:
    text = "password 7 ********\nsnmp-server community <removed>\nsecret: *****\n"
    assert cli(text) == text


def test_every_secret_this_run_holds_is_found_without_a_rule() -> None:
    secret = "Zx9-held-Value"
    text = f"note {secret}\nhex {secret.encode().hex()}\nb64 {b64encode(b'u:' + secret.encode()).decode()}\n"
    found = cli(text, secret, platform=NONE)
    assert found.count(tag(secret, "credential")) == 3
    assert "Zx9" not in found


def test_a_redactor_for_hosts_holds_what_opens_them() -> None:
    snmp_access = SnmpAccess(address="192.0.2.1", community=Secret("Comm-Zx9"))
    ssh_access = SshAccess(address="192.0.2.1", password=Secret("Pass-Zx9"), enable=Secret("Enab-Zx9"))
    host = Host(asset=Asset(id=AssetId("press-7"), address="192.0.2.1"), snmp=snmp_access, ssh=ssh_access)
    found = Redactor.for_hosts([host], key=KEY, key_id="k1").text("Comm-Zx9 Pass-Zx9 Enab-Zx9 Else-Zx9")
    assert found == " ".join(tag(secret, "credential") for secret in ("Comm-Zx9", "Pass-Zx9", "Enab-Zx9")) + " Else-Zx9"


def test_overlapping_secrets_leave_no_rest() -> None:
    found = cli("abcdefgh-ijkl", "abcdefgh", "efgh-ijkl", platform=NONE)
    assert "abcd" not in found
    assert "ijkl" not in found


def test_a_well_known_word_is_not_hunted_through_the_text() -> None:
    assert cli("ip ssh pubkey-chain public\n", "public", "admin", platform=NONE) == "ip ssh pubkey-chain public\n"


def test_what_looks_like_a_tag_is_escaped() -> None:
    text = cli("description <secret:x>, <default:y>, <escaped-z> and <b>\n", platform=NONE)
    assert "<escaped-secret:x>" in text
    assert "<escaped-default:y>" in text
    assert "<escaped-escaped-z>" in text
    assert "<b>" in text


def test_an_escape_is_not_counted_as_a_secret() -> None:
    found = redactor().capture(b"<default:y>", question(), NONE)
    assert (found.data, found.hits, found.found) == (b"<escaped-default:y>", 0, ())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password = hunter2", "hunter2"),
        ('"password": "two words"', "two words"),
        ("passwd: 'q w e'", "q w e"),
        ("API_KEY=abc-123", "abc-123"),
        ("auth-key: k3y,", "k3y"),
        (" set password hunter", "hunter"),
        (" set password encrypted 0a1b2c3d", "0a1b2c3d"),
        ("username bob password 0 s3cr3t role x", "s3cr3t"),
        ("psk ascii-text Qwert99", "Qwert99"),
        ("pre-shared-key ascii-text Qwert99", "Qwert99"),
        ('password "a b"', "a b"),
        ("snmp-agent community read cipher C1pher", "C1pher"),
        ("snmp community Gr33n", "Gr33n"),
        ("snmp-server host 10.0.0.1 community tr4p", "tr4p"),
        ("root:$6$salt$abcdefgh:19000", "$6$salt$abcdefgh"),
        ("bob:$y$j9T$abc$defghi:1", "$y$j9T$abc$defghi"),
        ("secret 8 $8$dsYGNam3K1SIJO$7nv", "$8$dsYGNam3K1SIJO$7nv"),
        ("plain-text $9$LbHX-wg4Z", "$9$LbHX-wg4Z"),
        ("set x ENC SGVsbG8gd29ybGQ=", "SGVsbG8gd29ybGQ="),
        ("https://bob:pa55@git.example/x", "pa55"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("authorization: Basic dTpw", "dTpw"),
        ("bearer eyJhbGciOi.J1", "eyJhbGciOi.J1"),
        ("X-Api-Key: q1", "q1"),
        ("<bind_password>q1</bind_password>", "q1"),
        ("<rocommunity>q1</rocommunity>", "q1"),
        ("password: timeX123!", "timeX123!"),
        ("secret = userpass1", "userpass1"),
        ("login-password shadow99", "shadow99"),
        ("password httpS3cure", "httpS3cure"),
        ("Cryptochecksum:0123456789abcdef0123456789abcdef", "0123456789abcdef"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabcd\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "b3Bl"),
    ],
)
def test_the_generic_detector_knows_what_secrets_look_like(text: str, secret: str) -> None:
    found = redactor().capture(f"a\n{text}\nb\n".encode(), question(), NONE)
    assert secret.encode() not in found.data
    assert found.hits == found.unlisted == 1
    assert found.data.startswith(b"a\n")


@pytest.mark.parametrize(
    "text",
    [
        "service password-encryption",
        "password-policy min-length 8",
        "enable password required",
        "aaa authentication login default group tacacs+ local",
        "set community 65000:100 additive",
        "neighbor 10.0.0.1 send-community both",
        "ip ssh version 2",
        "ip community-list standard X permit 1:2",
        "key chain EIGRP",
        "description secretariat",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "https://git.example/x@y",
        "password: yes",
        "Wrong password for user",
        "crypto key generate rsa",
        "token ring",
    ],
)
def test_the_generic_detector_leaves_ordinary_lines(text: str) -> None:
    assert cli(text, platform=NONE) == text


@pytest.mark.parametrize(
    "piece", ["snmp ", "<aa", "password=", "secret a", "x://", "-----BEGIN ", "a:", "$9$", '"key":"']
)
def test_a_line_made_to_be_slow_is_not(piece: str) -> None:
    start = time.process_time()
    words = " community password <token -----begin :// $1$ $9$ bearer authorization x-key enc "  # every rule looks
    cli(piece * (200_000 // len(piece)) + words, platform=NONE)
    assert time.process_time() - start < 5  # a tenth of a second; minutes, were it not for the bounds


def test_private_key_markers_stay() -> None:
    text = cli("-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\nx\n", platform=NONE)
    assert text.startswith("-----BEGIN EC PRIVATE KEY-----<secret:private-key:")
    assert text.endswith(">-----END EC PRIVATE KEY-----\nx\n")


def test_the_same_answer_gives_the_same_bytes() -> None:
    text = "snmp-server community Pl4nt\npsk = a1\nZx9-held-Value\n"
    assert cli(text, "Zx9-held-Value", "other-One") == cli(text, "other-One", "Zx9-held-Value")


# statements


@pytest.mark.parametrize(
    "text",
    [
        "login failed with 'S3cret-Pw'",
        "https://u:S3cret-Pw@host/",
        json.dumps({"error": "S3cret-Pw"}),
        b64encode(b"u:S3cret-Pw").decode(),
        "53:33:63:72:65:74:2d:50:77",
    ],
)
def test_a_message_keeps_no_secret(text: str) -> None:
    found = redactor("S3cret-Pw").text(text)
    assert "<secret:" in found
    assert text not in found


def test_a_message_without_secrets_is_itself() -> None:
    text = "press-7: no answer in 5 s, 2 tries \udcff é"
    assert redactor("S3cret-Pw").text(text) == text


# SNMP


def snmp(binds: list[tuple[str, varbinds.Value]], *secrets: str, asked: str = "1.3.6.1") -> list[varbinds.Varbind]:
    data = redactor(*secrets).capture(varbinds.encode(binds), question("snmp", asked), PLATFORM).data
    return varbinds.decode(data)


def test_values_below_secret_oids_are_replaced_whatever_they_hold() -> None:
    found = snmp(
        [
            ("1.3.6.1.2.1.1.1.0", b"A device"),
            ("1.3.6.1.4.1.5.1.1", b"S3cret"),
            ("1.3.6.1.4.1.5.1.2", b"\0\1\xff"),
            ("1.3.6.1.4.1.5.1.3", b""),
            ("1.3.6.1.4.1.5.1.4", 5),
            ("1.3.6.1.4.1.5.11.1", b"not secret"),
        ]
    )
    assert [bind.value for bind in found] == [
        b"A device",
        tag("S3cret", "password").encode(),
        Tagger(key=KEY, key_id="k1").tag(Span(start=0, end=1, plain=b"\0\1\xff", type="password")),
        b"",
        5,
        b"not secret",
    ]


def test_a_value_that_is_secret_as_a_whole_is_one_tag_whatever_else_is_found_in_it() -> None:
    data = varbinds.encode(
        [
            ("1.3.6.1.4.1.5.1.1", b"Held-One and Held-Two"),
            ("1.3.6.1.4.1.5.1.2", b"other"),
            ("1.3.6.1.4.1.6.1", b"Held-One then Held-Two"),
            ("1.3.6.1.4.1.6.2", b"nothing"),
            ("1.3.6.1.4.1.6.3", b"Held-Two"),
        ]
    )
    found = redactor("Held-One", "Held-Two").capture(data, question("snmp", "1.3.6.1.4.1"), PLATFORM)
    one, two = tag("Held-One", "credential"), tag("Held-Two", "credential")
    assert [bind.text for bind in varbinds.decode(found.data)] == [
        tag("Held-One and Held-Two", "password"),
        tag("other", "password"),
        f"{one} then {two}",
        "nothing",
        two,
    ]
    assert found.found == (("credential", 3), ("password", 2))


def test_the_values_of_a_whole_secret_answer_are_secret_from_the_first_to_the_last() -> None:
    found = snmp([(f"1.3.6.1.6.3.18.1.{n}", b"Comm-%d" % n) for n in range(1, 5)], asked="1.3.6.1.6.3.18")
    assert [bind.text for bind in found] == [tag(f"Comm-{n}", "snmp-community") for n in range(1, 5)]


def test_a_secret_oid_asked_for_exactly_is_secret() -> None:
    found = snmp([("1.3.6.1.4.1.5.1", b"S3cret"), ("1.3.6.1.4.1.5.1.7", b"S3cret")], asked="1.3.6.1.4.1.5.1")
    assert {bind.value for bind in found} == {tag("S3cret", "password").encode()}
    found = snmp([("1.3.6.1.4.1.5.1.7", b"S3cret")], asked="1.3.6.1.4.1.5.1.7")
    assert found[0].value == tag("S3cret", "password").encode()


def test_hits_in_snmp_answers_are_counted() -> None:
    data = varbinds.encode([("1.3.6.1.4.1.5.1.1", b"S3cret"), ("1.3.6.1.6.3.18.1.1", b"Comm-1"), ("1.3.6.1.9", b"x")])
    found = redactor().capture(data, question("snmp", "1.3.6.1"), PLATFORM)
    assert found.found == (("password", 1), ("snmp-community", 1))
    assert redactor().capture(b"1.3.6.1.9\ts\tx\n", question("snmp", "1.3.6.1"), PLATFORM).data == b"1.3.6.1.9\ts\tx\n"


@pytest.mark.parametrize(
    "value",
    [
        b"x Zx9-held y",
        b"line\nZx9-held\tend",
        b"\0\1Zx9-held\xff",
        "Zx9-held".encode("utf-16-le"),
        b"5a78392d68656c64",
    ],
)
def test_a_held_secret_is_found_in_values_of_every_kind(value: bytes) -> None:
    found = snmp([("1.3.6.1.2.1.1.1.0", b"a"), ("1.3.6.1.2.1.1.4.0", value)], "Zx9-held")
    assert isinstance(found[1].value, bytes)
    assert tag("Zx9-held", "credential").encode() in found[1].value
    assert found[0].value == b"a"


def test_a_secret_in_an_index_becomes_the_octets_of_its_tag_and_the_order_is_kept() -> None:
    secret = "~Zx9-held"
    index = ".".join(str(octet) for octet in secret.encode())
    found = snmp(
        [("1.3.6.1.5.1.9", 1), (f"1.3.6.1.5.1.{index}", 2), ("1.3.6.1.5.1.100", 3), ("1.3.6.1.5.2.0", f"1.3.{index}")],
        secret,
    )
    arcs = ".".join(str(octet) for octet in tag(secret, "credential").encode())
    assert [(bind.oid, bind.value) for bind in found] == [
        ("1.3.6.1.5.1.9", 1),
        (f"1.3.6.1.5.1.{arcs}", 2),
        ("1.3.6.1.5.1.100", 3),
        ("1.3.6.1.5.2.0", f"1.3.{arcs}"),
    ]


def test_a_secret_that_is_a_number_leaves_oids_and_integers_alone() -> None:
    binds: list[tuple[str, varbinds.Value]] = [("1.3.6.1.12345678.1", 12345678), ("1.3.6.1.12345678.2", b"12345678")]
    found = snmp(binds, "12345678a", "87654321", "1234567890")
    assert [(bind.oid, bind.value) for bind in found] == binds
    found = snmp([("1.3.6.1.98765432.1", 98765432), ("1.3.6.1.98765432.2", b"98765432")], "98765432")
    assert [bind.oid for bind in found] == ["1.3.6.1.98765432.1", "1.3.6.1.98765432.2"]
    assert found[0].value == 98765432
    assert found[1].value == tag("98765432", "credential").encode()


def test_the_generic_detector_reads_snmp_values() -> None:
    found = snmp([("1.3.6.1.2.1.1.4.0", b"call ops, password: Qw3rty"), ("1.3.6.1.2.1.1.6.0", b"Hall 3")])
    assert b"Qw3rty" not in found[0].octets
    assert found[1].value == b"Hall 3"


def test_a_literal_tag_in_a_value_is_escaped() -> None:
    found = snmp([("1.3.6.1.2.1.1.4.0", b"<secret:x>")])
    assert found[0].value == b"<escaped-secret:x>"


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20).filter(
    lambda secret: secret.lower().encode() not in WELL_KNOWN and secret.lower() != secret  # no part of a tag
)


@given(secrets, st.binary(max_size=20), st.booleans())
def test_no_secret_survives_in_an_snmp_value(secret: str, around: bytes, twice: bool) -> None:
    value = around + secret.encode() + around * twice
    data = varbinds.encode([("1.3.6.1.2.1.1.4.0", value), ("1.3.6.1.2.1.1.5.0", secret.encode().hex().encode())])
    found = redactor(secret).capture(data, question("snmp", "1.3.6.1"), NONE).data
    for bind in varbinds.decode(found):
        assert secret.encode() not in bind.octets
        assert secret.encode().hex().encode() not in bind.octets
    assert secret.encode() not in found
    assert secret.encode().hex().encode() not in found


@given(secrets, st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_in_a_text(secret: str, before: str, after: str) -> None:
    text = before + secret + after
    found = redactor(secret).text(text)
    assert secret not in found


def test_nothing_here_shows_a_secret_in_its_repr() -> None:
    shown = repr(redactor("Zx9-held-Value")) + str(redactor("Zx9-held-Value").__slots__)
    assert "Zx9" not in shown
    assert KEY.hex() not in shown


def test_many_texts_of_many_platforms_keep_their_lines() -> None:
    for platform in load_platforms():
        text = "hostname a\n!\ninterface x\n ip address 10.0.0.1 255.255.255.0\nend\n"
        assert cli(text, "Zx9-held-Value", platform=platform) == text


def test_a_community_that_opened_a_device_has_the_tag_it_has_in_a_configuration() -> None:
    asked = redactor("Pl4nt").access(SnmpAccess(address="sw", community=Secret("Pl4nt")))
    assert asked == Access(version="2c", community=tag("Pl4nt", "snmp-community"))
    assert cli("snmp-server community Pl4nt RO\n", "Pl4nt") == f"snmp-server community {asked.community} RO\n"


@pytest.mark.parametrize("word", ["public", "Private"])
def test_a_community_everybody_knows_is_told_without_the_word(word: str) -> None:
    asked = redactor().access(SnmpAccess(address="sw", version="1", community=Secret(word)))
    assert (asked.community or "").startswith("<default:snmp-community:k1:")
    assert word not in repr(asked)


def test_a_user_is_named_unless_the_name_is_a_secret_elsewhere() -> None:
    access = SnmpAccess(
        address="sw", version="3", user="Pl4nt-read", auth="sha256", auth_key=Secret("a" * 8), community=Secret("left")
    )
    assert redactor().access(access) == Access(version="3", user="Pl4nt-read", auth="sha256")
    assert redactor("Pl4nt-read").access(access).user == tag("Pl4nt-read", "credential")
