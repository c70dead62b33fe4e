"""Which keys a run's tags are made with."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from collectors.inventory.host import Host
from collectors.redact import Redactor
from evidence.log.keyring import Keyring, redaction_before

_USE = "redaction"


def redactor_for(hosts: Iterable[Host], keyring: Keyring, folder: Path, at: datetime) -> Redactor:
    """
    Return the redactor of a run that holds these hosts' credentials.

    For a cycle after a change of the key, each secret has the tag of the key before, too: what was read before the
    change can be compared with what is read now.
    """
    key = keyring.redaction_key()
    before = redaction_before(folder, at) if folder.is_dir() else None
    known = (before.derive(_USE), before.id) if before and before.id != key.id else None
    return Redactor.for_hosts(hosts, key=key.derive(_USE), key_id=key.id, before=known)
