"""
What a night costs on a real S3 server (Ceph RGW on loopback), beside a script that puts every item anew.

    python benchmarks/s3.py [--items 10000] [--changed 0.05] [--script-items 10000]

The first night puts everything. On the two after it, 5 % of the items have changed: of the second the requests are
counted on the wire, by a proxy, from opening the site to the signed checkpoint; of the third the CPU is taken, this
process's own, user and system. The goals for 10,000 items: at most 600 requests, none of them a listing of all blobs,
and at most a third of the script's CPU.
"""

import argparse
import importlib.util
import os
import resource
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from collectors.site import open_site, plan_in_force
from evidence.log.assets import dump_assets
from evidence.log.heads import heads
from evidence.log.hints import read_hint, write_hint
from evidence.log.history import History
from evidence.log.part import part_predicate, part_subjects
from evidence.log.seal import seal
from evidence.log.writer import append
from evidence.model.asset import Asset
from evidence.model.capture import Capture
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.store.blobs import put_blob
from evidence.store.remote import Remote, Retention

GOAL_REQUESTS = 600
GOAL_SHARE = 1 / 3
THREADS = 4
PER_ASSET = 10
CHUNK = 2_000
"""Captures a part, as `collect` writes them."""
BEGAN = datetime(2026, 11, 26, 2, tzinfo=UTC)


def fixture(name: str) -> ModuleType:
    """Return one of the tests' modules that start servers."""
    path = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"plantproof_benchmark_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def kinds(lines: list[str]) -> Counter[str]:
    """Count requests by what they are, given their first lines."""
    return Counter("LIST" if _listed(line) is not None else line.split()[0] for line in lines)


def _listed(line: str) -> str | None:
    """Return the prefix a request lists, `None` if it lists nothing."""
    query = parse_qs(urlsplit(line.split()[1]).query, keep_blank_values=True)
    return query.get("prefix", [""])[0] if "versions" in query or "list-type" in query else None


def full_listings(lines: list[str]) -> int:
    """Count the listings of everything, or of all blobs."""
    return sum(prefix is not None and prefix.endswith(("acme/", "blobs/")) for prefix in map(_listed, lines))


def cpu_s() -> float:
    """Return the CPU time this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def answer(item: int, version: int) -> bytes:
    """Return what an asset answered: some 4 KB of configuration."""
    lines = [f"hostname sw-{item // PER_ASSET:05d}\n! question {item % PER_ASSET}, revision {version}\n"]
    lines += [
        f"interface Gi0/{n}\n description line {item * 31 + n * 7919}\n switchport mode access\n" for n in range(60)
    ]
    return "".join(lines).encode()


def answers(items: int, changed: float, night: int) -> list[bytes]:
    """Return a night's answers; those that changed are spread over all assets."""
    every = round(1 / changed)
    return [answer(item, night if item % every == 0 else 0) for item in range(items)]


def night(place: str, keys: Path, remote: Remote, data: list[bytes], at: datetime) -> None:
    """Open the site, store what was heard, write the parts, seal; as one process does it."""
    site = open_site(place, keys, owner="acme", domain="acme.example", at=at, remote=remote)
    store, keyring = site.store, site.keyring
    names = [AssetId(f"sw-{number:05d}") for number in range(len(data) // PER_ASSET)]
    assets = [Asset(id=name, address=f"10.0.{n // 256}.{n % 256}") for n, name in enumerate(names)]
    plan = plan_in_force(site, lambda: assets, at=at, narrowed=False)
    after, previous = History.read(store).checkpoint, heads(store, keyring)
    frozen = dump_assets(assets)
    frozen_blob = put_blob(store, frozen)
    read_hint(store, keyring, "devices")
    with ThreadPoolExecutor(THREADS) as threads:
        blobs = list(threads.map(lambda one: put_blob(store, one), data))
    parts = list(range(0, len(data), CHUNK))
    for chunk, first in enumerate(parts):
        captures = [
            _capture(names[item // PER_ASSET], item, blobs[item], len(data[item]), at)
            for item in range(first, min(first + CHUNK, len(data)))
        ]
        volatile = f"{at}: counters of part {chunk}\n".encode() * 100
        log = f"{at}: requests of part {chunk}\n".encode() * 100
        rows = names[first // PER_ASSET : (first + CHUNK) // PER_ASSET]
        predicate = part_predicate(
            run=f"run-{at:%Y%m%d}",
            slot=f"nightly-{at:%Y%m%dT%H%MZ}",
            label="1/1",
            chunk=chunk,
            last=first == parts[-1],
            previous=previous,
            after=after,
            assets=frozen_blob,
            assets_bytes=len(frozen),
            started=at,
            ended=at + timedelta(minutes=5),
            clock={"source": "benchmark"},
            tool={"version": "0"},
            run_by={"user": "u-0"},
            outcomes=[Outcome(asset=name, result=Result.COLLECTED) for name in rows],
            captures=captures,
            conduct={"requests": CHUNK, "log": put_blob(store, log), "log_bytes": len(log)},
            redaction={"hits": 0, "key": "k1"},
            packed={put_blob(store, volatile): len(volatile)},
        )
        subjects = part_subjects(plan, captures)
        previous = (append(store, keyring, kind="part", predicate=predicate, subjects=subjects),)
    write_hint(store, keyring, "devices", [{"asset": name, "at": str(at)} for name in names])
    seal(store, keyring, at=at + timedelta(minutes=10))


def _capture(asset: AssetId, item: int, blob: Any, length: int, at: datetime) -> Capture:
    return Capture(
        asset=asset,
        platform="cisco_ios",
        question=f"question-{item % PER_ASSET}",
        transport="ssh",
        request="show running-config",
        at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        took_ms=410,
        blob=blob,
        bytes=length,
        ttl_s=86_400,
        redactions=0,
        host_key="SHA256:" + "A" * 43,
    )


def script(server: Any, bucket: str, data: list[bytes], at: datetime) -> None:
    """Do what a script does: put every item of the night under the night's name."""
    client = server.client()

    def put(item: int) -> None:
        key = f"script/{at:%Y-%m-%d}/sw-{item // PER_ASSET:05d}/question-{item % PER_ASSET}"
        client.put_object(Bucket=bucket, Key=key, Body=data[item])

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(put, range(len(data))))


def measure(server: Any, proxies: ModuleType, chosen: argparse.Namespace, folder: Path) -> bool:
    """Run the nights and the script; print what they cost and tell whether the goals are met."""
    bucket = server.bucket()
    place, keys = f"s3://{bucket}/acme", folder / "keys"
    retention = Retention(period=timedelta(days=30), slack=timedelta(days=180))

    def remote(endpoint: str) -> Remote:
        return Remote(endpoint=endpoint, retention=retention, now=lambda: datetime.now(UTC), locks=folder)

    heard = [answers(chosen.items, chosen.changed, number) for number in range(3)]
    night(place, keys, remote(server.endpoint), heard[0], BEGAN)
    with proxies.fault_proxy(server.endpoint) as proxy:
        night(place, keys, remote(proxy.endpoint), heard[1], BEGAN + timedelta(days=1))
    before = cpu_s()
    night(place, keys, remote(server.endpoint), heard[2], BEGAN + timedelta(days=2))
    ours = cpu_s() - before
    before = cpu_s()
    script(server, bucket, heard[2][: chosen.script_items], BEGAN)
    theirs = (cpu_s() - before) * chosen.items / chosen.script_items
    counted = kinds(proxy.seen)
    new = sum(one != two for one, two in zip(heard[0], heard[1], strict=True))
    about = "" if chosen.script_items == chosen.items else "~"
    print(f"{chosen.items} items, {new} changed; requests of a night: {len(proxy.seen)} (goal: {GOAL_REQUESTS})")
    print(f"  {', '.join(f'{count} {kind}' for kind, count in counted.most_common())}")
    print(f"  listings of everything: {full_listings(proxy.seen)} (goal: 0)")
    print(f"CPU of a night, storing and sealing: {ours:.2f} s")
    print(f"CPU of a put-per-item script: {about}{theirs:.2f} s; ours is {ours / theirs:.2f} of it (goal: 0.33)")
    return len(proxy.seen) <= GOAL_REQUESTS and not full_listings(proxy.seen) and ours <= GOAL_SHARE * theirs


def main() -> int:
    """Start a server, measure, end it; end with 1 when a goal is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=10_000)
    options.add_argument("--changed", type=float, default=0.05)
    options.add_argument("--script-items", type=int, help="fewer items for the script; scaled up, and marked ~")
    chosen = options.parse_args()
    chosen.script_items = chosen.script_items or chosen.items
    rgw, proxies = fixture("rgw"), fixture("fault_proxy")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "ceph"
        folder.mkdir()
        try:
            server = rgw.S3Server(endpoint=rgw.start_rgw(folder), folder=folder)
            os.environ.update(server.environ())
            return 0 if measure(server, proxies, chosen, Path(name)) else 1
        finally:
            rgw.stop_rgw(folder)


if __name__ == "__main__":
    sys.exit(main())
