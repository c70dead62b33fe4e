"""What a verifier brings to judge what binds a log from outside: CAs of time stamps, keys of witnesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.log.keys import PublicKey

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is trusted; it comes from elsewhere than the evidence."""

    authorities: "Sequence[x509.Certificate]" = ()
    """CAs of time-stamp authorities."""
    witnesses: Sequence[PublicKey] = ()
