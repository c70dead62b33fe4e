"""Of a packaged platform file only the head is read until the platform is asked for."""

from pathlib import Path

import pytest

from evidence.platforms.heads import head_of
from evidence.platforms.load import (
    GENERIC,
    PACKAGED,
    SERVICES,
    PlatformFileError,
    Platforms,
    load_files,
    load_platforms,
    read_platform_file,
)

HEAD = "title: T\nsource: [a manual]\n"
RECOGNITION = "recognition:\n  # one branch\n\n  sysobjectid:\n    - 1.3.6.1.4.1.99999\n"


def known(folder: Path, **texts: str) -> Platforms:
    """Load these files beside the generic one, as if they were packaged."""
    files = {GENERIC: PACKAGED / f"{GENERIC}.yaml"}
    for name, text in texts.items():
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(text, encoding="utf-8")
    return load_files(dict(sorted(files.items())), others=files)


def test_the_head_of_every_packaged_file_is_what_the_whole_file_says() -> None:
    platforms = load_platforms()
    for path in (*PACKAGED.glob("*.yaml"), *SERVICES.glob("*.yaml")):
        head = head_of(path.read_bytes())
        assert head is not None, path.name
        whole = read_platform_file(path, known=platforms)
        assert (head.name, head.recognition) == (whole.name, whole.recognition), path.name


def test_a_packaged_file_is_read_whole_when_its_platform_is_asked_for(tmp_path: Path) -> None:
    platforms = known(tmp_path, press=f"name: press\n{HEAD}{RECOGNITION}questons: []\n")
    assert platforms.match("1.3.6.1.4.1.9", None).name == GENERIC
    for ask in (
        lambda: platforms.match("1.3.6.1.4.1.99999.1", None),
        lambda: platforms.named("press"),
        lambda: list(platforms),
    ):
        with pytest.raises(PlatformFileError, match="unknown key 'questons'; did you mean 'questions'"):
            ask()


def test_a_sites_own_file_is_read_whole_at_once(tmp_path: Path) -> None:
    (tmp_path / "press.yaml").write_text(f"name: press\n{HEAD}{RECOGNITION}questons: []\n", encoding="utf-8")
    with pytest.raises(PlatformFileError, match="unknown key 'questons'"):
        load_platforms(tmp_path)


def test_a_head_that_is_not_what_the_file_says_is_an_error(tmp_path: Path) -> None:
    """A line of a text that stands at the left edge, which no YAML should have, looks like a key."""
    text = f'name: press\n{HEAD}{RECOGNITION}vendor: "Acme\nrecognition: {{sysobjectid: [1.3.6.1.4.1.99998]}}\n"\n'
    platforms = known(tmp_path, press=text)
    with pytest.raises(PlatformFileError, match="press: expected name and recognition once each"):
        platforms.named("press")


@pytest.mark.parametrize(
    "text",
    [
        "{name: press, title: T, source: [a manual], recognition: {sysobjectid: [1.3.6.1.4.1.99999]}}\n",
        f'"name": press\n{HEAD}recognition: {{sysobjectid: [1.3.6.1.4.1.99999]}}\n',
        f"x-own: &own [1.3.6.1.4.1.99999]\nname: press\n{HEAD}recognition: {{sysobjectid: *own}}\n",
    ],
)
def test_what_has_no_plain_head_is_read_whole(tmp_path: Path, text: str) -> None:
    assert head_of(text.encode()) is None
    if "x-own" in text:
        with pytest.raises(PlatformFileError, match="unknown key 'x-own'"):
            known(tmp_path, press=text)
    else:
        assert known(tmp_path, press=text).match("1.3.6.1.4.1.99999.1", None).name == "press"


def test_files_of_platforms_that_others_extend_are_part_of_what_is_known() -> None:
    assert set(load_platforms(only=("debian",)).files) == {"debian", "linux", GENERIC}
