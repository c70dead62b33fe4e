"""One wrong password never locks a fleet out: a credential opens one asset before it is tried on many."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from collectors.breaker import CredentialWatch
from collectors.transports.interface import AuthenticationError, LeftAloneError


@dataclass(slots=True)
class Proofs:
    """Lets a credential that has opened nothing yet be tried on one asset at a time."""

    watch: CredentialWatch = field(default_factory=CredentialWatch)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    @asynccontextmanager
    async def proving(self, asset: str, credential: str | None) -> AsyncIterator[Callable[[], None]]:
        """
        Enter when `credential` may be tried on `asset`; call the yielded function once the device let it in.

        Raises `LeftAloneError` when the credential is in quarantine. `None` is a credential that cannot be refused.
        """
        if credential is None:
            yield lambda: None
            return
        lock = self._locks.setdefault(credential, asyncio.Lock())
        waiting = not self.watch.proven(credential)
        if waiting:
            await lock.acquire()

        def accepted() -> None:
            nonlocal waiting
            self.watch.note_accepted(credential)
            if waiting:
                waiting = False
                lock.release()

        if waiting and self.watch.proven(credential):
            accepted()
        try:
            why = self.watch.quarantined(credential)
            if why:
                raise LeftAloneError(f"{asset}: {why}")
            yield accepted
        except AuthenticationError:
            self.watch.note_refused(credential, asset)
            raise
        finally:
            if waiting:
                lock.release()
