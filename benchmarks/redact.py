"""
What redaction and the volatile split cost, in CPU milliseconds.

    python benchmarks/redact.py [--secrets 440]

Prints one line a measurement: what, how much, CPU (the best of thirty). The goals: SNMP text of 3,000 values at most
1.5 ms, a configuration of 80 KB at most 2 ms, both with 440 secrets held.
"""

import argparse
import random
import string
import time
from collections.abc import Callable

from collectors.redact import Redactor
from evidence.normalise import varbinds
from evidence.normalise.volatile import merge, split
from evidence.platforms.load import load_platforms

ROUNDS = 30


def best_ms(work: Callable[[], object]) -> float:
    """Return the least CPU time of some rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1e3


def configuration(size: int) -> bytes:
    """Return an IOS-like configuration with 40 secrets."""
    lines = ["Building configuration...", "! Last configuration change at 09:13:37", "hostname press-7"]
    lines += [f"username u{n} privilege 1 password 7 02050D480809{n:02d}" for n in range(20)]
    lines += [f"snmp-server community Comm-{n} RO {n}" for n in range(20)]
    number = 0
    while sum(map(len, lines)) + len(lines) < size:
        number += 1
        lines += [
            f"interface GigabitEthernet1/0/{number}",
            f" description server room, port {number}",
            f" switchport access vlan {number % 4000}",
            " spanning-tree portfast",
            f" ip address 10.{number // 250}.{number % 250}.1 255.255.255.0",
            "!",
        ]
    return ("\n".join(lines) + "\nend\n").encode()


def interfaces(dice: random.Random) -> bytes:
    """Return the canonical text of 3,000 varbinds."""
    return varbinds.encode(
        (f"1.3.6.1.2.1.2.2.1.{column}.{row}", dice.choice((row * column, f"Gi1/0/{row}".encode(), dice.randbytes(6))))
        for column in range(1, 21)
        for row in range(1, 151)
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--secrets", type=int, default=440)
    held = options.parse_args().secrets
    dice = random.Random(1)
    secrets = ["".join(dice.choices(string.ascii_letters + string.digits, k=dice.randint(8, 20))) for _ in range(held)]
    start = time.process_time()
    redactor = Redactor(key=bytes(32), key_id="k1", secrets=secrets)
    print(f"building the search for {held} secrets: {(time.process_time() - start) * 1e3:.1f} ms")
    platforms = load_platforms()
    ios = platforms.named("cisco_ios")
    assert ios is not None
    for platform, name, data in (
        (ios, "running-config", configuration(80_000)),
        (platforms.generic, "interfaces", interfaces(dice)),
        (platforms.generic, "arp", interfaces(dice)),
    ):
        question = platform.named(name)
        found = redactor.capture(data, question, platform)
        took = best_ms(lambda d=data, q=question, p=platform: redactor.capture(d, q, p))  # type: ignore[misc]
        print(f"redact {name}: {len(data)} bytes, {found.hits} secrets: {took:.2f} ms")
        shares = split(question, found.data)
        took = best_ms(lambda d=found.data, q=question: split(q, d))  # type: ignore[misc]
        print(f"split {name}: {len(shares[1])} bytes volatile: {took:.2f} ms")
        print(f"merge {name}: {best_ms(lambda s=shares: merge(*s)):.2f} ms")  # type: ignore[misc]
    print(f"a message: {best_ms(lambda: redactor.text('press-7: no answer in 5 s, 2 tries')):.3f} ms")


if __name__ == "__main__":
    main()
