"""verify.html in a real browser: nothing goes out, keys and screen readers are enough, hostile text stays text."""

import hashlib
import json
import re
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.export.verifier import WEB_PIECES, page
from evidence.log.keyring import load_public

pytestmark = pytest.mark.real

FROZEN = Path(__file__).parents[2] / "vectors" / "bundle-0.1"
STEPS = 11
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "verify.html"
    path.write_text(page(), encoding="utf-8")
    return path


@pytest.fixture
def opened(chromium: Any, html: Path) -> Any:
    """A browser that shows the page as it comes."""
    chromium.open(html)
    return chromium


@pytest.fixture
def bags(bundle_vectors: ModuleType) -> ModuleType:
    """The module that makes bags."""
    found: ModuleType = bundle_vectors.load("bags")
    return found


def fill(browser: Any, **fields: str) -> None:
    for name, value in fields.items():
        browser.run(f"part({json.dumps(name)}).value = {json.dumps(value)}")


def checked(browser: Any, bundle: Path, **fields: str) -> list[tuple[str, str]]:
    """Check a bundle and return each step's status and text, as shown."""
    browser.choose("#bundle", bundle)
    fill(browser, **fields)
    rows = browser.run(
        "check().then(() => [...document.querySelectorAll('#steps > li')].map((e) => [e.className, e.innerText]))"
    )
    return [(status, text) for status, text in rows]


ROOT = (FROZEN / "root.pub").read_text().strip()
PINS = (FROZEN / "pins.txt").read_text()
SIGNERS = (FROZEN / "allowed_signers").read_text()


def test_the_file_is_one_and_names_no_other() -> None:
    text = page()
    assert not re.search(
        r"\b(src|href|action)\s*=|@import|url\(|import\s*\(|\bfetch\(|XMLHttpRequest|WebSocket|eval\(", text
    )
    assert "default-src 'none'; connect-src 'none'" in text
    assert "unsafe" not in text
    assert text.count("<script>") == text.count("</script>") == 1
    assert len(WEB_PIECES) == len(set(WEB_PIECES))


def test_the_page_asks_the_network_for_nothing_and_could_not(opened: Any) -> None:
    assert checked(opened, FROZEN / "whole.zip", root=ROOT, pins=PINS)
    asked = [e["params"]["request"]["url"] for e in opened.events if e.get("method") == "Network.requestWillBeSent"]
    assert all(url.startswith("file:") and url.endswith("verify.html") for url in asked)
    said = [e for e in opened.events if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")]
    assert said == []
    heard = "document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective))"
    tried = f"new Promise((done) => {{ {heard}; %s }})"
    assert opened.run(tried % "fetch('http://127.0.0.1:9/').catch(() => 0)") == "connect-src"
    assert (
        opened.run(tried % "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/'}))")
        == "img-src"
    )


def test_a_good_bundle_passes_with_a_root_key_or_its_fingerprint_and_the_allowed_signers(opened: Any) -> None:
    fingerprint = load_public(FROZEN / "root.pub").id
    for root in (ROOT, fingerprint):
        rows = checked(opened, FROZEN / "whole.zip", root=root, pins=PINS, signers=SIGNERS)
        assert [status for status, _ in rows] == ["passed"] * 9 + ["not-checked"] * 2
        assert "the trusted one" in rows[2][1]
        assert "one of your allowed signers" in rows[4][1]
    assert "9 passed, 0 failed, 2 not-checked" in opened.run("part('verdict').textContent")
    assert PINS.splitlines()[-1] in opened.run("part('meaning').textContent")


def test_a_sealer_who_is_none_of_the_allowed_signers_is_refused(opened: Any, bags: ModuleType) -> None:
    stranger = f"export@acme {bags.key_of('stranger').public.text}"
    rows = checked(opened, FROZEN / "whole.zip", root=ROOT, signers=stranger)
    assert [number for number, (status, _) in enumerate(rows, 1) if status == "failed"] == [5]


def test_without_anything_to_trust_those_steps_are_not_checked(opened: Any) -> None:
    rows = checked(opened, FROZEN / "whole.zip", root="", pins="", signers="")
    assert [number for number, (status, _) in enumerate(rows, 1) if status != "passed"] == [3, 6, 10, 11]
    assert "paste the one you trust" in rows[2][1]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("root", "ssh-rsa AAAA", "Owner's root key: expected one line"),
        ("pins", "plantproof.example/acme 7", "Pins: expected `origin size root`"),
        ("witnesses", "SHA256:AAAA", "Keys of witnesses: expected one line `ssh-ed25519"),
        ("signers", 'export@acme namespaces="git" ssh-ed25519 AAAA', "Allowed signers: a key for other namespaces"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_field(field: str, value: str, said: str, opened: Any) -> None:
    opened.choose("#bundle", FROZEN / "whole.zip")
    fill(opened, **{field: value})
    opened.run("check()")
    assert opened.run("part('problem').textContent").startswith(said)
    assert opened.run("document.activeElement.id") == field
    assert opened.run("part('result').hidden")


def test_the_keyboard_is_enough(opened: Any) -> None:
    opened.choose("#bundle", FROZEN / "cut_short.zip")
    opened.run("document.activeElement.blur()")
    reached = []
    for _ in range(7):
        opened.press("Tab", 9)
        reached.append(opened.run("document.activeElement.id || document.activeElement.type"))
    assert reached == ["bundle", "root", "pins", "signers", "authorities", "witnesses", "submit"]
    opened.press("Enter", 13)
    opened.run(
        "new Promise((done) => { const see = () => (part('result').hidden ? setTimeout(see, 5) : done()); see(); })"
    )
    assert opened.run("document.activeElement.id") == "verdict"
    assert opened.run("part('progress').textContent") == "cut_short.zip was checked."


def test_a_bundle_may_be_dropped_on_the_page(opened: Any) -> None:
    """The browser's own part, turning a drag into an event, is left out; the event's file is a real one."""
    opened.choose("#bundle", FROZEN / "cut_short.zip")
    opened.run("drop({preventDefault: () => 0, dataTransfer: {files: [part('bundle').files[0]]}})")
    assert opened.run("part('progress').textContent") == "cut_short.zip is chosen."
    opened.run("part('bundle').value = ''")
    opened.run("check()")
    assert opened.run("document.querySelectorAll('#steps > li').length") == STEPS


def test_a_screen_reader_hears_what_each_field_is_and_what_came_of_it(opened: Any) -> None:
    checked(opened, FROZEN / "cut_short.zip", root=ROOT)
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    told = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes if not n["ignored"] and "role" in n]
    named = dict(told[::-1])
    assert {name for role, name in told if role == "textbox"} == {
        "Owner's root key", "Pins", "Allowed signers (may be left empty)", "Keys of witnesses (may be left empty)",
    }  # fmt: skip
    assert ("button", "Check the bundle") in told
    assert any("Bundle" in name for role, name in told if role == "button")
    assert {"status", "alert", "main", "region", "list"} <= named.keys()
    headings = [name for role, name in told if role == "heading"]
    assert headings[0] == "Check an evidence bundle"
    assert [re.sub(r"\s+", " ", name) for name in headings[2:4]] == ["1. bag passed", "2. log passed"]
    assert len(headings) == 2 + STEPS
    assert opened.run("document.documentElement.lang") == "en"


def test_hostile_text_of_a_bundle_is_shown_as_text(opened: Any, bags: ModuleType, tmp_path: Path) -> None:
    markup = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>\u202e"
    bag = bags.Bag.read((FROZEN / "later.zip").read_bytes())
    bag.info("External-Description", markup)
    bag.remake(bags.key_of("sealer"))
    bad = tmp_path / "<b>bad\u202e.zip"
    bad.write_bytes(bag.zipped())
    rows = checked(opened, bad, root=ROOT)
    assert "<img src=x onerror=" in rows[0][1]
    assert "\\u202e" in rows[0][1]
    assert "\u202e" not in opened.run("document.body.innerText")
    assert opened.run("document.querySelectorAll('#result img, #result script, #progress *').length") == 0
    assert opened.run("document.title") == "Check an evidence bundle"


def test_its_sha_256_is_everybody_s(opened: Any) -> None:
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 70_001]
    found = opened.run(
        f"{json.dumps(sizes)}.map((size) => {{ const bytes = Uint8Array.from({{length: size}}, (_, at) => at * 7);"
        " const hash = new Sha256(); for (let at = 0; at < size; at += 37) hash.update(bytes.subarray(at, at + 37));"
        " return [digestOf(bytes), hex(hash.digest())]; })"
    )
    for size, pair in zip(sizes, found, strict=True):
        right = hashlib.sha256(bytes(at * 7 % 256 for at in range(size))).hexdigest()
        assert pair == [right, right]


def test_its_own_ed25519_says_what_the_browsers_says(opened: Any) -> None:
    rows = []
    for number in range(4):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        message = b"m" * number
        signature, public = key.sign(message), key.public_key().public_bytes_raw()
        for bad in (b"", b"\x01", b"\x80" + bytes(31), bytes(32) + b"\x01", bytes(63) + b"\x80"):
            changed = bytes(a ^ b for a, b in zip(signature, bad.ljust(64, b"\0"), strict=True))
            rows.append((public.hex(), changed.hex(), message.hex(), changed == signature))
    order = 2**252 + 27742317777372353535851937790883648493
    more = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    rows.append((public.hex(), (signature[:32] + more).hex(), message.hex(), False))
    rows.append(((2**255 - 18).to_bytes(32, "little").hex(), signature.hex(), message.hex(), False))
    for name in ("signed", "plainlySigned"):
        script = f"Promise.all({json.dumps([row[:3] for row in rows])}.map((row) => {name}(...row.map(unhex))))"
        assert opened.run(script) == [row[3] for row in rows], name
    assert opened.run("browserSigns") is True


def test_a_browser_without_ed25519_comes_to_the_same_answers(opened: Any) -> None:
    opened.run("browserSigns = false")
    rows = checked(opened, FROZEN / "cut_short.zip", root=ROOT)
    assert [number for number, (status, _) in enumerate(rows, 1) if status != "passed"] == [6, 10, 11]
    assert opened.run("browserKeys.size") == 0


def large(bags: ModuleType, target: Path, size: int) -> None:
    """Write a bundle of about `size` bytes, in files of up to 200 MiB and many small ones."""
    bag = bags.Bag.read((FROZEN / "later.zip").read_bytes())
    piece = min(200 * MIB, size // 3)
    lengths = {f"data/large-{number}.bin": piece for number in range(max(size // piece, 1))}
    lengths |= {f"data/small-{number}.bin": 10_000 for number in range(200)}
    for path, length in lengths.items():
        bag.files[path] = bytes(length)
    bag.remake(bags.key_of("sealer"))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(bag.files):
            entry = zipfile.ZipInfo(f"{bag.folder}/{path}", (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, bag.files[path])


@pytest.mark.parametrize("size", [48 * MIB, pytest.param(500 * MIB, marks=[pytest.mark.exhaustive, pytest.mark.slow])])
def test_a_large_bundle_is_read_in_pieces(size: int, opened: Any, bags: ModuleType, tmp_path: Path) -> None:
    large(bags, tmp_path / "large.zip", size)
    checked(opened, FROZEN / "later.zip", root=ROOT)
    before = opened.most_bytes()
    rows = checked(opened, tmp_path / "large.zip", root=ROOT)
    assert [number for number, (status, _) in enumerate(rows, 1) if status != "passed"] == [6, 11]
    assert (tmp_path / "large.zip").stat().st_size >= size
    assert opened.most_bytes() - before < 200 * MIB
