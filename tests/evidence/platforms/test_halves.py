"""Of a packaged platform file, what answers mean is read when facts are read of them."""

from pathlib import Path

import pytest

from evidence.platforms.deferred import Deferred
from evidence.platforms.load import (
    GENERIC,
    PACKAGED,
    SERVICES,
    PlatformFileError,
    Platforms,
    load_files,
    load_platforms,
)
from evidence.platforms.parsing import halves_of

HEAD = "name: press\ntitle: T\nsource: [a manual]\nextends: generic\n"
ASKED = "questions:\n  - {name: chassis, get: [1.3.6.1.4.1.99999.1.0], tags: [identify]}\n"


def known(folder: Path, text: str, *others: str) -> Platforms:
    """Load this file beside the generic one, and others of the folder, as if they were packaged."""
    files = {name: folder / f"{name}.yaml" for name in ("press", *others)}
    files["press"].write_text(text, encoding="utf-8")
    files[GENERIC] = PACKAGED / f"{GENERIC}.yaml"
    return load_files(files, others=files)


def test_both_halves_of_every_packaged_file_say_what_the_whole_file_says() -> None:
    halved = load_platforms()
    files = {path.stem: path for path in (*PACKAGED.glob("*.yaml"), *SERVICES.glob("*.yaml"))}
    whole = load_files(files, others=files, whole=files)
    deferred = 0
    for name in files:
        one = halved.unresolved(name)
        deferred += isinstance(one.facts, Deferred)
        assert one == whole.unresolved(name), name
    assert deferred > len(files) * 0.85


def test_a_mistake_in_a_rule_is_told_when_facts_are_read(tmp_path: Path) -> None:
    facts = "facts:\n  firmware.version:\n    - {question: chassis, oid: 1.3.6.1.4.1.99999.1.0, patern: x}\n"
    press = known(tmp_path, HEAD + ASKED + facts).named("press")
    assert press is not None
    assert press.questions[0].name == "chassis"
    with pytest.raises(PlatformFileError, match="unknown key 'patern'; did you mean 'pattern'"):
        list(press.facts)


def test_a_rule_that_reads_what_nobody_asks_is_told_when_facts_are_read(tmp_path: Path) -> None:
    facts = "facts:\n  firmware.version:\n    - {question: body, oid: 1.3.6.1.4.1.99999.1.0}\n"
    press = known(tmp_path, HEAD + ASKED + facts).named("press")
    assert press is not None
    with pytest.raises(PlatformFileError, match=r"press\.yaml: question body: read by a rule, but not asked"):
        len(press.tables)


def test_what_is_asked_by_what_a_rule_reads_is_known_before(tmp_path: Path) -> None:
    facts = "facts:\n  firmware.version:\n    - {question: entity, oid: 1.3.6.1.2.1.47.1.1.1.1.10.77}\n"
    press = known(tmp_path, HEAD + facts).named("press")
    assert press is not None
    assert "1.3.6.1.2.1.47.1.1.1.1.10.77" in press.named("entity").instances


@pytest.mark.parametrize(("without", "instances"), [("", ("1.3.6.1.4.1.99999.1.2.7",)), ("without: [site.door]\n", ())])
def test_a_fact_that_is_not_inherited_leaves_the_rows_question_too(
    tmp_path: Path, without: str, instances: tuple[str, ...]
) -> None:
    (tmp_path / "base.yaml").write_text(
        f"{HEAD.replace('press', 'base')}questions:\n"
        "  - name: doors\n"
        "    rows: [1.3.6.1.4.1.99999.1.1, 1.3.6.1.4.1.99999.1.2]\n"
        "    chosen_by: {1.3.6.1.4.1.99999.1.1: '^open$'}\n"
        "    tags: [identify]\n"
        "facts:\n  site.door:\n    - {question: doors, oid: 1.3.6.1.4.1.99999.1.2.7}\n",
        encoding="utf-8",
    )
    own = "facts:\n  firmware.version:\n    - {question: chassis, oid: 1.3.6.1.4.1.99999.1.0}\n"
    text = HEAD.replace("generic", "base") + without + ASKED + own
    press = known(tmp_path, text, "base").named("press")
    assert press is not None
    assert isinstance(press.facts, Deferred)
    assert press.named("doors").instances == instances


FACTS = "facts:\n  firmware.version:\n    - {question: chassis, oid: 1.3.6.1.4.1.99999.1.0}\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ASKED + FACTS.rstrip("\n"),
        HEAD + ASKED + FACTS.replace("facts:", '"facts":') + "tables: []\n",
        HEAD + ASKED + FACTS.replace("facts:", "facts :") + "tables: []\n",
        HEAD + ASKED + "facts: {\n  firmware.version: [{question: chassis, oid: 1.3.6.1.4.1.99999.1.0}]\n}\n",
        HEAD + ASKED.replace("[1.3", "[&own 1.3") + FACTS.replace("oid: 1.3.6.1.4.1.99999.1.0", "oid: *own"),
        HEAD + FACTS + ASKED.replace("\n", "\r"),
        HEAD + ASKED + FACTS.replace("\n", "\r\n"),
    ],
)
def test_a_file_that_is_written_otherwise_says_what_the_whole_file_says(tmp_path: Path, text: str) -> None:
    (tmp_path / "press.yaml").write_bytes(text.encode())
    files = {"press": tmp_path / "press.yaml", GENERIC: PACKAGED / f"{GENERIC}.yaml"}
    halved = load_files(files, others=files).unresolved("press")
    whole = load_files(files, others=files, whole=files).unresolved("press")
    assert halved == whole
    assert any(rule.fact == "firmware.version" and rule.question == "chassis" for rule in halved.facts)


@pytest.mark.parametrize("chosen", ["1.3.6.1.4.1.99999.1.1", "1.3.6.1.4.1.99999.1.2"])
def test_rows_asked_for_otherwise_are_those_inherited_facts_are_read_of(tmp_path: Path, chosen: str) -> None:
    rows = "rows: [1.3.6.1.4.1.99999.1.1, 1.3.6.1.4.1.99999.1.2], tags: [identify]"
    question = "questions:\n  - {name: doors, " + rows + ", chosen_by: {%s: '^open$'}}\n"
    column = "facts:\n  site.door:\n    - {question: doors, column: 1.3.6.1.4.1.99999.1.1}\n"
    base = HEAD.replace("press", "base") + question % "1.3.6.1.4.1.99999.1.1" + column
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    own = "facts:\n  firmware.version:\n    - {question: system, oid: 1.3.6.1.2.1.1.1.0}\n"
    text = HEAD.replace("generic", "base") + question % chosen + own
    if chosen.endswith("1.1"):
        assert known(tmp_path, text, "base").named("press") is not None
    else:
        with pytest.raises(PlatformFileError, match="of rows that are not chosen by any column"):
            known(tmp_path, text, "base").named("press")


@pytest.mark.parametrize("text", [b'"facts": {}\n', b"  facts: 1\n", b"name: x\n", b""])
def test_a_file_without_facts_at_the_left_edge_is_one_piece(text: bytes) -> None:
    assert halves_of(text) == (text, b"")


def test_a_deferred_sequence_is_read_once() -> None:
    reads: list[None] = []

    def read() -> tuple[int, ...]:
        reads.append(None)
        return (1, 2, 3)

    numbers = Deferred(read)
    assert not reads
    assert (numbers[0], numbers[1:], len(numbers), list(numbers), 2 in numbers) == (1, (2, 3), 3, [1, 2, 3], True)
    assert numbers == (1, 2, 3)
    assert numbers != (1, 2)
    assert len(reads) == 1
