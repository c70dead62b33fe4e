"""
Originals of configurations, encrypted with age to those whom the site file names.

Never on by default. Whoever collects holds no key that opens one. An original is made anew where the redacted answer
is another, or says nothing of a secret that may have changed; otherwise the one before stands for it.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.fields import Fields, ShapeError
from evidence.model.capture import Original
from evidence.model.names import AssetId, Digest
from evidence.platforms.platform import Question
from evidence.store.interface import Store
from evidence.store.layout import original_key
from evidence.store.originals import put_original

HINT = "originals"
"""The working memory: which original stands for which redacted answer."""

MAX_AGE = timedelta(days=150)
"""How long an original stands for answers like it: less than the slack of a lock, so that it is never gone before."""

_QUIET = b":varying>"
"""The tag of a cipher that is another at every read: that its secret changed does not show."""

_ROW = frozenset({"asset", "question", "blob", "sealed", "bytes", "at"})
_MEMORY = frozenset({"recipients", "rows"})
_Key = tuple[str, str]


class AgeError(Error):
    """Originals cannot be encrypted."""

    exit_code = 5


class Originals:
    """Encrypts the originals of one run. Safe for several threads."""

    def __init__(self, store: Store, recipients: tuple[str, ...], memory: object = None, *, at: datetime) -> None:
        """
        Encrypt to `recipients` (`age1…`), all of them; `memory` is what `dump` gave at the end of an earlier run.

        What it names and was erased since is made anew. Raises `AgeError` before anything is asked where encrypting is
        not possible.
        """
        self._encrypt = _encryption(recipients)
        self._store, self._at = store, at
        self._name = hashlib.sha256("\n".join(sorted(recipients)).encode()).hexdigest()
        self._lock = threading.Lock()
        there = frozenset(store.keys("sealed/")) if memory is not None else frozenset()
        recalled = _recalled(memory, self._name)
        self._known = {key: known for key, known in recalled if original_key(known[1].digest) in there}

    def keep(self, asset: AssetId, question: Question, *, blob: Digest, redacted: bytes, plain: bytes) -> Original:
        """Return what stands for the original of an answer whose redacted bytes are `blob`."""
        key = (asset, question.name)
        with self._lock:
            known = self._known.get(key)
        if known is not None and self._stands_for(known, blob, redacted):
            return known[1]
        ciphertext = self._encrypt(plain)
        original = Original(digest=put_original(self._store, ciphertext), bytes=len(ciphertext))
        with self._lock:
            self._known[key] = (blob, original, self._at)
        return original

    def dump(self) -> object:
        """Return what the next run is to know."""
        with self._lock:
            rows = sorted(self._known.items())
        return {
            "recipients": self._name,
            "rows": [
                {
                    "asset": asset, "question": question, "blob": blob,
                    "sealed": original.digest, "bytes": original.bytes, "at": rfc3339(at),
                }
                for (asset, question), (blob, original, at) in rows
            ],
        }  # fmt: skip

    def _stands_for(self, known: tuple[Digest, Original, datetime], blob: Digest, redacted: bytes) -> bool:
        return known[0] == blob and _QUIET not in redacted and self._at - known[2] <= MAX_AGE


def wants_original(question: Question) -> bool:
    """Tell whether the answer to a question is a configuration."""
    return question.config is not None or "config" in question.tags


def _recalled(memory: object, name: str) -> Iterator[tuple[_Key, tuple[Digest, Original, datetime]]]:
    """Yield what an earlier run kept for the same recipients; nothing of a memory that is not one."""
    try:
        fields = Fields(memory, HINT, _MEMORY, frozenset())
        if fields.text("recipients") != name:
            return
        for value in fields.rows("rows"):
            row = Fields(value, HINT, _ROW, frozenset())
            original = Original(digest=row.digest("sealed"), bytes=row.whole("bytes"))
            yield (
                (row.text("asset"), row.text("question")),
                (row.digest("blob"), original, parse_rfc3339(row.text("at"))),
            )
    except (ShapeError, TimeError):
        return


def _encryption(recipients: tuple[str, ...]) -> Callable[[bytes], bytes]:
    try:
        import pyrage
    except ImportError as error:
        raise AgeError("age: originals need the library pyrage", hint="pip install 'plantproof[age]'") from error
    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise AgeError(f"age: recipients: expected public keys of age (age1…): {error}") from error
    return lambda plain: bytes(pyrage.encrypt(plain, keys))
