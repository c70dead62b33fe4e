"""What to do about a visit that failed: by its result, and by what its reason says."""

from collections.abc import Iterator, Mapping

from evidence.model.outcome import Outcome, Result

_BY_WORDS: tuple[tuple[str, str], ...] = (
    (
        "or the community is wrong",
        "`plantproof doctor -i INVENTORY -l {asset}` tells a wrong community from a blocked port where SNMPv3 is on",
    ),
    ("refuses SNMP", "switch the agent on, or correct plantproof_snmp_port"),
    (
        "wrong privacy password",
        "compare plantproof_snmp_priv_key and plantproof_snmp_priv with the agent's; try aes256c for aes256",
    ),
    ("does not resolve", "set ansible_host to an address, or put the name into DNS"),
    ("has no address", "set ansible_host to an address, or put the name into DNS"),
    (
        "through the jump host",
        "log in to the jump host by hand, and see whether it may forward to {asset} (AllowTcpForwarding)",
    ),
    (
        "no SSH algorithm in common",
        "the device is older than what is allowed; say so for this asset alone, or use SNMP",
    ),
    ("host key is not known", "compare the fingerprint with the device's own, then add it to known_hosts"),
    ("host key", "a changed key is somebody's work: ask whose before it is replaced in known_hosts"),
    ("its certificate is not trusted", "renew it; one of your own authority is trusted with plantproof_http_ca_file"),
    ("the enable password was refused", "correct ansible_become_password"),
    ("nothing to log in with", "set ansible_password or ansible_ssh_private_key_file"),
    ("no user name", "set ansible_user"),
    ("key file", "the key must exist, be yours alone and hold no passphrase"),
    ("its credential was refused by", "correct the credential where it was refused first; the others were spared"),
    ("in quarantine", "find out why it restarted, then `plantproof release {asset} --reason …`"),
    ("put in quarantine", "find out why it restarted, then `plantproof release {asset} --reason …`"),
    ("on hold", "whoever held it lifts it: `plantproof release --zone ZONE --reason …`, or the file goes"),
    ("assets of zone", "look at the zone first (a switch, a firewall): it was left alone as a whole"),
    (
        "failures in a row",
        "it answers some requests and not others: look at its load, or give it more time (`timeouts`)",
    ),
    ("usually", "it is slower than it was: look at its load before it is asked again"),
    ("read-only list", "set plantproof_platform, or check the platform file; nothing was sent"),
    ("no command is known to be read-only", "set plantproof_platform: commands are never guessed"),
    ("does not know or allow", "grant the account the command: `plantproof platforms policy PLATFORM` lists them all"),
    ("cannot be run there", "grant the account the command: `plantproof platforms policy PLATFORM` lists them all"),
    ("the inventory grants no access", "give the inventory a credential for that transport"),
    ("fault of plantproof itself", "please report it; `collect -v -l {asset}` shows where it happened"),
)
"""Words of a reason -> what to do; the first that stand in it count."""

_BY_RESULT: Mapping[Result, str] = {
    Result.UNREACHABLE: "address, cable, firewall: `plantproof doctor -i INVENTORY -l {asset}` knocks at its doors",
    Result.AUTH_FAILED: "correct the credential; the device may have locked the account, and one failed login was made",
    Result.REFUSED: "the reason names what was refused: a host key, a certificate, a right",
    Result.LEFT_ALONE: "the reason says who or what stopped it; nothing more was sent",
    Result.PARTIAL: "`plantproof history {asset}` shows which question was cut off",
    Result.OUT_OF_WINDOW: "nothing to do: it is asked when the blackout is over",
    Result.OFF_BY_SCHEDULE: "nothing to do: it is asked when it is switched on",
    Result.EXCLUDED: "nothing to do, if that is meant: the reason says why",
    Result.INTERRUPTED: "run again: nothing of what was read is lost",
}
"""What to do where the reason says no more."""


def advice(outcome: Outcome) -> Iterator[str]:
    """Yield what to do about an outcome, a line for each cause that is known; nothing where all is well."""
    if outcome.result is Result.COLLECTED:
        return
    found = False
    for cause in (outcome.reason or "").split("; "):
        words = next((what for said, what in _BY_WORDS if said in cause), None)
        if words:
            found = True
            yield words.format(asset=outcome.asset)
    if not found:
        yield _BY_RESULT[outcome.result].format(asset=outcome.asset)
