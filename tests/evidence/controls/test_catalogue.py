"""The catalogue, its profiles and the support files: strict, whole, and true to the ids of each framework."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from evidence.controls.load import (
    MAX_FILE_BYTES,
    Catalogue,
    ControlFileError,
    UnknownProfileError,
    load_catalogue,
    read_catalogue,
)
from evidence.model.finding import Status

FORMS = {
    "csf2": r"(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-[0-9]{2}",
    "sp800-53r5": r"[A-Z]{2}-[0-9]{1,2}(\([0-9]{1,2}\))?",
    "sp800-171r2": r"3\.[0-9]{1,2}\.[0-9]{1,2}",
    "iec62443-2-1": r"(ORG|CM|NET|COMP|DATA|USER|EVENT|AVAIL) [0-9]\.[0-9]{1,2}",
    "iec62443-3-3": r"SR [0-9]\.[0-9]{1,2}|4\.3",
    "cis8.1": r"[0-9]{1,2}\.[0-9]{1,2}",
    "iso27001": r"A\.[5-8]\.[0-9]{1,2}",
    "cpg2": r"[1-6]\.[A-Z]",
}
"""What an id of each framework looks like."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_there_are_at_least_these_requirements(catalogue: Catalogue) -> None:
    wanted = "INV-03 INV-04 INV-07 INV-09 DRF-02 PAT-01 CFG-01 CFG-03 SEG-02 ACC-04 ACC-06 BKP-01 BKP-02 VAC-01 EXC-01"
    assert {*wanted.split(), "SAFE-01"} <= catalogue.controls.keys()


def test_every_id_has_the_form_of_its_framework(catalogue: Catalogue) -> None:
    for control in catalogue.controls.values():
        assert control.frameworks, control.id
        for framework, ids in control.frameworks.items():
            for one in ids:
                assert re.fullmatch(FORMS[framework], one), f"{control.id}: {framework}: {one}"


def test_every_limit_has_its_unit_in_its_name(catalogue: Catalogue) -> None:
    unit = re.compile(r"(^|_)(days|hours|devices|rate)(_|$)")
    for control in catalogue.controls.values():
        assert [name for name in control.parameters if not unit.search(name)] == []


def test_every_requirement_says_what_each_status_means(catalogue: Catalogue) -> None:
    for control in catalogue.controls.values():
        assert control.judged.keys() == {Status.SUPPORTS, Status.CONTRADICTS, Status.NOT_ASSESSED}


def test_nothing_says_that_a_requirement_is_met(catalogue: Catalogue) -> None:
    for text in catalogue.files.values():
        assert not re.search(r"\b(compliant|compliance|MET|fulfilled)\b", text)


def test_profiles_choose_by_framework_and_name(catalogue: Catalogue) -> None:
    assert set(catalogue.profile("all").requirements) == set(catalogue.controls)
    cmmc = catalogue.profile("cmmc-l2")
    assert cmmc.framework == "sp800-171r2"
    assert set(cmmc.requirements) == {one.id for one in catalogue.controls.values() if "sp800-171r2" in one.frameworks}
    assert catalogue.profile("iec62443").framework == "iec62443-2-1"


def test_a_profile_nobody_has_is_named_with_its_neighbour(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownProfileError, match="cmmc-l3") as caught:
        catalogue.profile("cmmc-l3")
    assert caught.value.hint == "there is cmmc-l2"
    assert caught.value.exit_code == 5


def test_every_end_of_support_names_its_source_and_when_it_was_looked_up(catalogue: Catalogue) -> None:
    assert len(catalogue.support) > 30
    for end in catalogue.support:
        assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", end.ends)
        assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", end.looked_up)
        assert end.source


@pytest.mark.parametrize(
    ("platform", "version", "product"),
    [
        ("cisco_ios", "17.09.04a", "Cisco IOS XE 17.9"),
        ("cisco_ios", "17.9.4", "Cisco IOS XE 17.9"),
        ("cisco_ios", "17.12.1", "Cisco IOS XE 17.12"),
        ("cisco_ios", "17.1.1", "Cisco IOS XE 17.1"),
        ("cisco_ios", "15.2(7)E4", None),
        ("fortios", "v7.0.12", "FortiOS 7.0"),
        ("fortios", "7.4.1,build2463", "FortiOS 7.4"),
    ],
)
def test_a_version_is_of_one_product_at_most(
    catalogue: Catalogue, platform: str, version: str, product: str | None
) -> None:
    found = [
        end.product
        for end in catalogue.support
        if re.fullmatch(end.when.get("platform", "$^"), platform) and re.match(end.version, version)
    ]
    assert found == ([product] if product else [])


END = "kind: k\nsource: s\nlooked_up: 2026-01-01\nends: "
ENDS = "[{product: p, version: v, ends: 2026-01-01}]"

ONE = """
requirements:
  - id: INV-03
    title: T
    applies: every asset
    decide: D
    parameters: {max_age_days: 7}
    judged: {supports: a, contradicts: b, not-assessed: c}
    frameworks: {csf2: [ID.AM-01]}
"""


def catalogue_of(files: Mapping[str, str] = MappingProxyType({}), text: str = ONE) -> Catalogue:
    return read_catalogue({"catalogue.yaml": text, **files})


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"catalogue.yaml": ONE.replace("title", "titel")}, "titel: unknown key; did you mean 'title'?"),
        ({"catalogue.yaml": ONE.replace("max_age_days: 7", "max_age_days: seven")}, "max_age_days"),
        ({"catalogue.yaml": ONE + ONE.split("requirements:")[1]}, "stands twice"),
        ({"catalogue.yaml": "requirements: []"}, "requirements"),
        ({"catalogue.yaml": "a: [b"}, "not YAML"),
        ({"profiles/x.yaml": "title: X\nrequirements: [INV-99]"}, "no requirement INV-99"),
        ({"profiles/x.yaml": "title: X"}, "either requirements or framework"),
        ({"profiles/x.yaml": "title: X\nframework: nothing"}, "no requirement is chosen"),
        ({"profiles/x.yaml": "title: X\nrequirements: all\nparameters: {INV-03: {days: 3}}"}, "has no limit days"),
        ({"support/x.yaml": "when: {os.id: '('}\n" + END + ENDS}, "not a regular"),
        ({"support/x.yaml": "when: {os.id: 'a{99999999999999}'}\n" + END + ENDS}, "not a regular"),
        ({"catalogue.yaml": "requirements: !!int ''"}, "not YAML"),
        ({"support/x.yaml": "when: {}\n" + END + "[]"}, "when"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_place(files: dict[str, str], words: str) -> None:
    with pytest.raises(ControlFileError, match=re.escape(words)) as caught:
        catalogue_of(files)
    assert next(iter(files)) in str(caught.value)


def test_a_profile_may_be_stricter_than_the_catalogue() -> None:
    own = "title: X\nrequirements: all\nparameters: {INV-03: {max_age_days: 2}}"
    profile = catalogue_of({"profiles/x.yaml": own}).profile("x")
    assert profile.parameters["INV-03"] == {"max_age_days": 2}


def test_an_id_that_stands_twice_counts_once() -> None:
    """An index has a row of a finding for each id, and verifiers want each row once."""
    twice = catalogue_of(text=ONE.replace("[ID.AM-01]", "[ID.AM-01, ID.AM-02, ID.AM-01]"))
    assert twice.controls["INV-03"].frameworks == {"csf2": ("ID.AM-01", "ID.AM-02")}


def test_what_was_read_is_kept_and_reads_back(catalogue: Catalogue) -> None:
    assert read_catalogue(dict(catalogue.files)) == catalogue


def test_a_folder_without_a_catalogue_and_a_file_too_large_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ControlFileError, match="cannot be read"):
        load_catalogue(tmp_path)
    (tmp_path / "catalogue.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ControlFileError, match="at most"):
        load_catalogue(tmp_path)
    (tmp_path / "catalogue.yaml").write_bytes(b"\xff")
    with pytest.raises(ControlFileError, match="cannot be read"):
        load_catalogue(tmp_path)
