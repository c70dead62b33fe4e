"""Whatever bytes come, both verifiers end with an answer, and with the same one."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.standalone.main import main
from evidence.verify.bundle_verifier import verify_bundle


def verdicts(bundle: Path, handed: Any) -> tuple[bool, bool]:
    """Return whether each of the two found something wrong."""
    with redirect_stdout(io.StringIO()):
        code = main([str(bundle), "--root-key", str(handed.root_file)])
    assert code in (0, 16)
    return bool(verify_bundle(bundle, trusted_root=handed.root).failed), code == 16


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_zip_is_never_passed_and_never_ends_in_a_bug(
    data: st.DataObject, handed: Any, tmp_path: Path
) -> None:
    whole = handed.bundle.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    piece = data.draw(st.binary(max_size=4))
    cut = data.draw(st.integers(0, 4))
    bad = tmp_path / "bad.zip"
    bad.write_bytes(whole[:at] + piece + whole[at + cut :])
    mine, other = verdicts(bad, handed)
    if bad.read_bytes() != whole and cut != len(piece):
        assert mine
        assert other


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_bytes_from_anywhere_are_no_bundle(handed: Any, tmp_path: Path, data: bytes) -> None:
    bad = tmp_path / "bad.zip"
    bad.write_bytes(data)
    assert verdicts(bad, handed) == (True, True)
