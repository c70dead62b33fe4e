"""What counts as a change between two answers."""

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from evidence.changes import FactChange, changed_facts, changed_lines, comparable
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest

OLD, NEW = "<secret:password:k1:00112233445566778899>", "<secret:password:k1:ffeeddccbbaa99887766>"


def difference(before: str, after: str) -> list[str]:
    return list(changed_lines(before, after, "old", "new"))


def test_nothing_is_printed_when_nothing_changed() -> None:
    assert difference("a\nb\n", "a\nb\n") == []


def test_a_changed_line_is_shown_with_what_is_around_it() -> None:
    text = [f"line {n}" for n in range(100)]
    shown = difference("\n".join(text), "\n".join([*text[:50], "other", *text[51:]]))
    assert shown[:2] == ["--- old", "+++ new"]
    assert shown[2] == "@@ -48,7 +48,7 @@"
    assert [line for line in shown[3:] if line[0] != " "] == ["-line 50", "+other"]


LINES = st.lists(st.sampled_from(["a", "b", "c", "interface 1", " shutdown", "", "!"]), max_size=40)


@given(LINES, LINES)
def test_a_diff_is_the_one_difflib_would_give_of_the_whole(before: list[str], after: list[str]) -> None:
    """Only hunks may be cut differently; what is added and removed, and in which order of lines, patches alike."""
    shown = difference("".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after))
    whole = list(unified_diff(before, after, "old", "new", lineterm=""))
    assert bool(shown) == bool(whole)
    assert patched(before, shown) == after or not shown


def patched(before: list[str], lines: list[str]) -> list[str]:
    """Apply a unified diff."""
    result, at = [], 0
    for line in lines[2:]:
        if line.startswith("@@"):
            start, count = [*line.split()[1][1:].split(","), "1"][:2]
            first = int(start) - 1 if int(count) else int(start)
            result += before[at:first]
            at = first
        elif line.startswith("-"):
            at += 1
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            result.append(before[at])
            at += 1
    return result + before[at:]


def test_another_secret_is_another_tag() -> None:
    assert len(difference(f"password {OLD}", f"password {NEW}")) == 5


def test_tags_of_different_keys_are_unknown_not_changed() -> None:
    assert difference(f"password {OLD}", f"password {NEW.replace(':k1:', ':k2:')}") == []


def test_a_tag_of_a_shared_key_is_compared_though_another_key_came_in() -> None:
    before = f"a {OLD}\nb {OLD}"
    after = f"a {NEW}\nb {NEW.replace(':k1:', ':k2:')}"
    assert [line for line in difference(before, after)[3:] if line[0] in "-+"] == [
        f"-a {OLD}",
        f"-b {OLD}",
        f"+a {NEW}",
        "+b <secret:password:unknown>",
    ]


def test_a_secret_that_is_new_is_a_change() -> None:
    assert comparable("no password", f"password {OLD}") == ("no password", f"password {OLD}")


def fact(name: str, value: str, row: str | None = None) -> Fact:
    return Fact(
        asset=AssetId("a"), name=name, value=value, row=row, source=Digest("sha256:" + "0" * 64), origin="snmp",
        at="2026-11-22T00:00:00Z", ttl_s=1,
    )  # fmt: skip


def test_facts_are_new_gone_or_different() -> None:
    before = [fact("interface.state", "up", "1"), fact("interface.state", "up", "2"), fact("system.name", "a")]
    after = [fact("interface.state", "down", "1"), fact("interface.state", "up", "3"), fact("system.name", "a")]
    assert list(changed_facts(before, after)) == [
        FactChange(name="interface.state", row="1", before="up", after="down"),
        FactChange(name="interface.state", row="2", before="up", after=None),
        FactChange(name="interface.state", row="3", before=None, after="up"),
    ]
