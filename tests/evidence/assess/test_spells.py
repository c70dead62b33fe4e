"""Spells are what is found when each value is followed from answer to answer by itself."""

from hypothesis import given
from hypothesis import strategies as st

from evidence.assess.spells import Stood, Turn, spells_of
from evidence.checks.tables import Sighting
from evidence.model.names import digest_of

NAMES, ROWS = ("mac.address", "module.serial"), ("", "1", "2", "3")
STOOD = st.dictionaries(
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from(ROWS), st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=4),
)


def turns(nights: list[dict[str, dict[str, tuple[str, str]]]]) -> list[Turn]:
    """Return the nights, the newest first, as turns of two answers each."""
    return [
        Turn(
            f"night {number} first",
            f"night {number} last",
            digest_of(f"{number}".encode()),
            {
                name: Stood(
                    {row: value for row, (value, _) in said.items()}, {row: at for row, (_, at) in said.items()}
                )
                for name, said in night.items()
            },
        )
        for number, night in reversed(list(enumerate(nights)))
    ]


def followed(given_: list[Turn]) -> set[Sighting]:
    """Return the same, one value at a time."""
    found: set[Sighting] = set()
    standing: dict[tuple[str, str, str, str], Sighting] = {}
    for turn in given_:
        now = {
            (name, row, value, stood.places[row])
            for name, stood in turn.stood.items()
            for row, value in stood.values.items()
        }
        found |= {one for key, one in standing.items() if key not in now}
        standing = {
            (name, row, value, at): Sighting(
                name,
                row or None,
                value,
                "q",
                at,
                turn.first,
                standing[name, row, value, at].last if (name, row, value, at) in standing else turn.last,
                turn.source,
            )
            for name, row, value, at in now
        }
    return found | set(standing.values())


@given(st.lists(STOOD, max_size=6))
def test_values_that_come_and_go_together_are_those_that_do_so_one_by_one(
    nights: list[dict[str, dict[str, tuple[str, str]]]],
) -> None:
    given_ = turns(nights)
    found = [one for spell in spells_of("q", given_) for one in spell.sightings()]
    assert len(found) == len(set(found))
    assert set(found) == followed(given_)


def test_a_device_that_stays_is_one_spell_of_a_name() -> None:
    (spell,) = spells_of("q", turns([{"mac.address": {"1": ("a", "x"), "2": ("b", "y")}}] * 5))
    assert (spell.first, spell.last, len(spell.values)) == ("night 0 first", "night 4 last", 2)


def test_a_sighting_is_a_spell_alone() -> None:
    one = Sighting("hardware.serial", None, "S-1", "q", "", "first", "last", digest_of(b""))
    assert list(one.spell.sightings()) == [one]
