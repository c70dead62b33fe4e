"""Values that are read when somebody first looks at them."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, overload

Item = TypeVar("Item")


class Deferred(Sequence[Item]):
    """A sequence that `read` returns, called once at most in each thread that comes before it has returned."""

    __slots__ = ("_found", "_read")

    def __init__(self, read: Callable[[], Sequence[Item]]) -> None:
        self._read = read
        self._found: Sequence[Item] | None = None

    def _all(self) -> Sequence[Item]:
        if self._found is None:
            self._found = self._read()
        return self._found

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]
