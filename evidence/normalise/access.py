"""The way in by which an asset was read, as facts: beside those a configuration shows, and what SSH agreed."""

from collections.abc import Iterator

from evidence.model.capture import Capture
from evidence.normalise.tags import tag_of
from evidence.normalise.values import clean
from evidence.platforms.platform import SYSTEM, Platform

SSH = "ssh"
"""The row of the way in over SSH."""

TELNET = "telnet"
"""The row of the way in over telnet."""

NONE = "none"
"""What stands where nothing legacy is offered, no host was gone through, or the cipher authenticates by itself."""


def link_facts(capture: Capture, platform: Platform) -> Iterator[tuple[str, str, str]]:
    """
    Yield (fact, row, value) for the SSH or telnet connection `capture` came over.

    Only the first question a platform puts over SSH tells it, for the reason given below.
    """
    link = capture.link
    first = next((one.name for one in platform.questions if one.transport == SSH), None)
    if capture.question != first:
        return
    if capture.transport == TELNET:
        yield "access.kind", TELNET, TELNET
        yield "access.used", TELNET, "yes"
    if link is None:
        return
    columns = {
        "kind": SSH,
        "used": "yes",
        "kex": link.kex,
        "host_key": link.host_key,
        "cipher": link.cipher,
        "mac": link.mac or NONE,
        "offered": ", ".join(link.offered) or NONE,
        "via": clean(", ".join(link.via)) or NONE,
    }
    for name, value in columns.items():
        yield f"access.{name}", SSH, value


def ways_in(capture: Capture) -> Iterator[tuple[str, str, str]]:
    """
    Yield (fact, row, value) for the way in that `capture` was answered by.

    Only what is asked first in every visit tells it: the newest answer to another question may be older than a change
    of the credential. A community's row is its tag, which is what a configuration calls it, too; a user's is nobody
    else's, because a configuration may call a group the same, which lets others in.
    """
    access = capture.access
    if access is None or capture.question != SYSTEM:
        return
    row = access.community or clean(f"v{access.version} {access.user}")
    known = access.community is not None and access.community.startswith("<default:")
    columns = {
        "kind": "snmp",
        "version": access.version,
        "used": "yes",
        "tag": tag_of(access.community) if access.community else None,
        "well_known": "yes" if known else None,
        "user": access.user,
        "level": access.level,
        "auth": access.auth,
        "priv": access.priv,
    }
    for name, value in columns.items():
        if value is not None:
            yield f"access.{name}", row, value
