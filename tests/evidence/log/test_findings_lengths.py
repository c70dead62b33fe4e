"""An assessment cannot say that one blob has two lengths."""

import pytest

from evidence.log.fields import ShapeError
from evidence.log.findings import Basis, FindingsStatement
from evidence.model.names import digest_of

ONE, OTHER = digest_of(b"one"), digest_of(b"other")


@pytest.mark.parametrize("results_bytes", [2, 1591])
def test_one_blob_has_one_length(results_bytes: int) -> None:
    basis = Basis(
        as_of="2026-07-03T02:10:00Z", size=19, root="4" * 64, profile="all", controls=OTHER, controls_bytes=606,
        platforms=ONE, platforms_bytes=2, registers=(), tool="0.1.0",
    )  # fmt: skip
    said = FindingsStatement(plan=OTHER, basis=basis, results=ONE, results_bytes=results_bytes, counts={})
    if results_bytes == 2:
        assert said.blobs() == {OTHER: 606, ONE: 2}
    else:
        with pytest.raises(ShapeError, match="is said to have 2 and 1591 bytes"):
            said.blobs()
