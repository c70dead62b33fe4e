"""The files of a new site, and the making of it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from collectors.settings import SITE_FILE
from collectors.settings_file import check
from collectors.site import open_site
from evidence.cli.retention import honoured
from evidence.errors import Error
from evidence.store.interface import ConflictError, Store
from evidence.store.layout import STORE_KEY
from evidence.store.remote import Remote

STORE, KEYS, INVENTORY = "plantproof-store", "plantproof-store.keys", "inventories/example"

_SITE_FILE = """\
# A site of plantproof. Every key may be left out; `plantproof init --schema` prints what may stand here.
# Paths are relative to this file.

owner: {owner}
domain: {domain}

store: {store}
# The signing keys. Keep a copy of this folder in a safe place: without it nothing can be added to the store.
keys: plantproof-store.keys

inventory:
  - inventories/example

# Times in which nothing is asked. A site, a zone, or everything.
# blackouts:
#   - site: werk-1
#     window: Sat-Sun 00:00-24:00 Europe/Berlin
#     reason: maintenance by the vendor
#   - zone: line-3
#     from: 2026-12-24 18:00
#     until: 2027-01-02 06:00
#     timezone: Europe/Berlin

# When what is due: at a local time, or every so many hours. `plantproof schedule systemd` makes ready files of it, and
# what was not read in time shows as a gap.
# jobs:
#   - {{name: nightly, at: 02:00 Europe/Berlin, grace: 2h}}

# How fast assets are asked; these are the built-in values.
# pace:
#   ot: {{device_per_s: 5, zone_per_s: 20, max_repetitions: 10}}
#   it: {{device_per_s: 50, zone_per_s: 1000, max_repetitions: 25}}

# SSH host keys. Unknown ones are refused; true accepts and remembers the first one that is seen.
# known_hosts: [~/.ssh/known_hosts]
pin_on_first_use: false
"""

_HOSTS = """\
# The assets: an Ansible inventory. Replace these examples by your own devices.
# `plantproof inventory` shows how it is read; `plantproof collect --check` what would be asked.

all:
  children:
    here:
      hosts:
        this-machine:
          ansible_connection: local  # needs no network and no credential
    switches:
      hosts:
        # sw-[01:04].example:        # four hosts at once
        #   ansible_host: 192.0.2.10
"""

_SWITCHES = """\
# Variables of every host in the group `switches`. Secrets belong into a file that is not in git:
#   plantproof collect -e @secrets.yml

plantproof_safety: ot  # asked slowly; `it` is faster, `fragile` is never asked
plantproof_zone: office
# plantproof_platform: cisco_ios
# plantproof_snmp_user: auditor
# plantproof_snmp_auth: sha256
# plantproof_snmp_priv: aes256
# ansible_user: auditor
"""

_IGNORE = """\
# Signing keys and secrets are never committed; evidence goes where it is kept, not into git.
plantproof-store/
plantproof-store.keys/
secrets.yml
"""


class SiteExistsError(Error):
    """There is something already, and it is not written over."""

    exit_code = 5


class StoreIsWeakError(Error):
    """The place for the store does not keep what it is given."""


def make_site(
    directory: Path,
    *,
    owner: str,
    domain: str,
    at: datetime,
    bucket: str | None = None,
    remote: Remote | None = None,
) -> Iterator[str]:
    """
    Make a site in `directory` and return what to tell the person; raise `SiteExistsError` before making anything.

    `bucket` is a place for the store other than a folder of the site.
    """
    check({"owner": owner, "domain": domain}, "init")
    files = {
        SITE_FILE: _SITE_FILE.format(owner=json.dumps(owner, ensure_ascii=False), domain=domain, store=bucket or STORE),
        f"{INVENTORY}/hosts.yml": _HOSTS,
        f"{INVENTORY}/group_vars/switches.yml": _SWITCHES,
    }
    for name in (*files, STORE, KEYS):
        if (directory / name).exists():
            raise SiteExistsError(
                f"{directory / name}: exists, and nothing is written over",
                hint="choose another folder, or move it away",
            )
    place = bucket or str(directory / STORE)
    site = open_site(place, directory / KEYS, owner=owner, domain=domain, at=at, remote=remote)
    probe(site.store, place)
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        with (directory / name).open("x", encoding="utf-8") as file:
            file.write(text)
    if not (directory / ".gitignore").exists():
        (directory / ".gitignore").write_text(_IGNORE, encoding="utf-8")
    return _told(directory, owner, domain, site.store if bucket else None, place)


def probe(store: Store, place: str) -> None:
    """Make sure that the place refuses to replace what it keeps; evidence rests on that."""
    try:
        store.put(STORE_KEY, b"something else")
    except ConflictError:
        return
    raise StoreIsWeakError(f"{place}: expected the place to refuse another value for a key, it took it")


def _told(directory: Path, owner: str, domain: str, bucket: Store | None, place: str) -> Iterator[str]:
    yield f"made a site for {owner} ({domain}) in {directory}"
    yield f"  {SITE_FILE:<24} what this site decides"
    yield f"  {INVENTORY + '/':<24} the assets: an example that reads this machine"
    yield f"  {place if bucket else STORE + '/':<24} the evidence; it refuses to replace what it keeps"
    if bucket and "://" in place:
        for line in honoured(bucket):
            yield f"    {line}"
    yield f"  {KEYS + '/':<24} the signing keys (0600): keep a copy in a safe place"
    yield "next:"
    if str(directory) != ".":
        yield f"  cd {directory}"
    yield "  plantproof inventory         what is read, and what is missing"
    yield "  plantproof collect --check   what would be asked; nothing is sent"
    yield "  plantproof collect           read, seal"
    yield "  plantproof verify            check what was sealed"
