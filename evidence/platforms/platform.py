"""What is known of a platform: frozen values read from its YAML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from evidence.platforms.calls import Call, HttpCall, HttpDialect, OpcuaCall

SYSTEM = "system"
"""Every platform's first SNMP question, whatever `-t` says: recognition, and sysUpTime."""


class Verb(StrEnum):
    """How a question is put."""

    GET = "get"
    """SNMP Get of scalar instances."""
    WALK = "walk"
    """SNMP GetBulk (GetNext in v1) of each subtree in turn."""
    ROWS = "rows"
    """SNMP: the columns of a table in some of its first rows: see `evidence.normalise.rows`."""
    RUN = "run"
    """A command: over SSH, or on this machine."""
    READ = "read"
    """A file of this machine, or of a host over SSH."""
    FETCH = "fetch"
    """HTTP GET or HEAD of one path below a service's address."""
    CALL = "call"
    """One operation of a cloud account, named in full."""
    NODES = "nodes"
    """OPC UA: the endpoints, or the values of nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing a platform may be asked. What is not a question is not sent."""

    name: str
    """Unique within the platform: `running-config`, `interfaces`."""
    transport: str
    """`snmp`, `ssh`, `local`, `http`, `aws` or `opcua`."""
    verb: Verb
    objects: tuple[str, ...]
    """OIDs (no leading dot); or exactly one command line, path, operation (`iam:ListUsers`); or node ids."""
    call: Call | None = None
    """How a service is asked, beyond the name of what is asked for: pages, window of time, parameters."""
    reader: str | None = None
    """How an answer becomes the document that rules with a path read: see `evidence.normalise.readers`."""
    template: str | None = None
    """Name of the ntc-templates template that makes the document of a text, in place of a reader."""
    inside: str | None = None
    """JMESPath to the base64 text, within an answer of JSON, that the reader reads: a report in a member."""
    each: str | None = None
    """Name of an inventory list (`plantproof_certificates`); asked once for each entry, which stands for `{each}`."""
    instead_of: str | None = None
    """A question this one stands in for: it is asked only where that one got no whole answer."""
    given: str | None = None
    """An SNMP question before it: where that one was asked and found nothing, this one is not asked."""
    chosen_by: Mapping[str, str] | None = None
    """Of `rows`: column OID -> regular expression; a row is asked for where one of them matches."""
    instances: tuple[str, ...] = ()
    """Of `rows`: OIDs that some rule reads by name, in whichever row; asked for together with the rows."""
    tags: frozenset[str]
    """`identify`, `config`, `tables`, `host`: what `-t` chooses by."""
    ttl_s: int
    """How long the answer is fresh, seconds."""
    classification: str = "technical"
    config: str | None = None
    """`running` or `startup` when the answer is a configuration."""
    complete: str | None = None
    """Regular expression that must be found in a whole answer (`^end$`); without it the capture is partial."""
    refused: str | None = None
    """Regular expression of an answer that means the question is not known here or not allowed; nothing is kept."""
    volatile_oids: tuple[str, ...] = ()
    """OID prefixes whose values change by themselves; they go into the packed volatile blob."""
    volatile_lines: tuple[str, ...] = ()
    """Regular expressions (searched in a line) of lines that change by themselves."""
    optional: bool = False
    """An asset that does not answer it is still collected, not partial."""
    timeout_s: int | None = None

    @property
    def request(self) -> str:
        """The request in words, as a capture names it."""
        match self.call:
            case HttpCall(method=method):
                return f"{method} {self.objects[0]}"
            case OpcuaCall(what="values"):
                return " ".join(("read", *self.objects))
        if self.transport != "snmp":
            return self.objects[0]
        chosen = " or ".join(f"{oid} is {pattern}" for oid, pattern in (self.chosen_by or {}).items())
        words = (self.verb, *self.objects, *(("where", chosen) if chosen else ()))
        return " ".join((*words, *(("and", *self.instances) if self.instances else ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRule:
    """Where a configuration holds a secret."""

    pattern: str
    """Regular expression with a group `secret`; searched in every line."""
    type: str
    """What stands in the tag: `snmp-community`, `password`, `pre-shared-key` …"""
    scheme: str = "plain"
    """
    `plain`; `cisco7` and `juniper9` (reversible: decoded first); `opaque` (salted hash, vendor cipher); `varying`
    (a vendor cipher the device encrypts anew at every read: its tag says so and holds no digest).
    """
    until: str | None = None
    """Regular expression of the line that ends a secret of several lines; the secret begins at the group."""
    within: str | None = None
    """Regular expression of the line that opens a section; outside of such sections the rule does not apply."""
    leaves: str | None = None
    """Regular expression of the line that ends the section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRule:
    """How one fact is read from one question's answer."""

    fact: str
    question: str
    oids: tuple[str, ...] = ()
    """Exact OIDs of the values to read (SNMP), joined by line ends; empty for text answers and columns."""
    column: str | None = None
    """OID of a table column to read instead; its rows in index order."""
    path: str | None = None
    """JMESPath into the answer's document, for answers with a reader."""
    lookup: str | None = None
    """OID of a column of the same answer in which the value is looked up as an index (chassis type -> its name)."""
    among: Mapping[str, str] | None = None
    """Column OID -> regular expression: only rows whose value there matches count (`entPhysicalClass` = chassis)."""
    first: bool = False
    """Take the first value where there are several; otherwise more than one distinct value yields nothing."""
    where: str | None = None
    """Regular expression the raw value must hold, else the rule does not apply."""
    unless: str | None = None
    """Regular expression of raw values the rule does not apply to."""
    pattern: str | None = None
    """Regular expression; group `value` (or the whole match) is the fact. `None` takes the whole value."""
    template: str | None = None
    """Replacement built from the pattern's groups: `\\g<major>.\\g<minor>`; without groups a constant."""
    map: Mapping[str, str] | None = None
    """Value -> fact value; a value that is not in it yields nothing."""
    format: str = "text"
    """How an SNMP value is shown: see `evidence.normalise.values`."""
    join: str | None = None
    """Several distinct values are joined with this."""
    count: bool = False
    """The fact is how often the pattern is found, `0` where it is not; `where` says what a countable answer holds."""
    newest: bool = False
    """Of several answers, and of all the fact's rules, the latest time counts (RFC 3339 UTC), not the first rule."""
    untested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One fact column of a table: an OID column, a named group of the row pattern, or a path within the row."""

    fact: str
    oid: str | None = None
    group: str | None = None
    path: str | None = None
    map: Mapping[str, str] | None = None
    format: str = "text"
    """How the value, or a part of the OID's index, is shown: see `evidence.normalise.values`."""
    lookup: str | None = None
    """
    SNMP: OID of a column of the same answer in which the value is looked up as an index (bridge port -> ifIndex).
    Documents: JMESPath, in the whole document, to a list of (name, value) in which the value is looked up by its name.
    """
    pattern: str | None = None
    """Regular expression searched in the value of a text or document; its group `value` (or the whole match) counts."""
    value: str | None = None
    """What the column says wherever it finds anything; in every row, where it has no place to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """How rows of facts are read from one question's answer."""

    question: str
    columns: tuple[Column, ...]
    pattern: str | None = None
    """Regular expression of one row of a text answer."""
    under: str | None = None
    """Regular expression of a heading: each row is below one, whose groups are the row's too."""
    rows: str | None = None
    """JMESPath to the rows of an answer with a reader."""
    key: str | None = None
    """
    Text: the group that names the row, or a replacement built from groups (`\\g<protocol> \\g<socket>`). SNMP: the
    index format that does (`index` when absent). Documents: the JMESPath, within the row, to its name.
    """
    untested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How a command line session with a network system is set up."""

    driver: str
    """Netmiko device type whose reading habits fit."""
    setup: tuple[str, ...] = ()
    """Commands sent at log-in, in order (paging off); they must be non-configuring."""
    pager: str | None = None
    """Regular expression of the pager's prompt, where paging cannot be switched off; answered with a space."""
    prompt: str | None = None
    """Regular expression of the prompt, where the driver's own way of finding it does not fit."""
    denied: str | None = None
    """Regular expression of what it says to a command the account has no right to (TACACS+, RADIUS, roles)."""
    kind: str = "network"
    """`network` (a CLI, netmiko) or `host` (a shell; commands run through SSH exec, paramiko)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How a platform is known. The longest matching `sysobjectid` prefix wins; a tie is an error at load."""

    sysobjectid: tuple[str, ...] = ()
    """OID prefixes, no leading dot; `1.3.6.1.4.1.9.1` matches what equals it or lies below."""
    sysdescr: str | None = None
    """Regular expression sysDescr must also match, where the OID alone does not tell."""
    answers: tuple[str, ...] = ()
    """
    OIDs of which one must have a value, where neither tells: appliances whose agent gives the sysObjectID of its
    software (net-snmp) and the host name and kernel the sysDescr.
    """
    unnamed: tuple[str, ...] = ()
    """OIDs of which one must have a value where the agent gives no sysObjectID at all."""
    network_os: tuple[str, ...] = ()
    """Values of `ansible_network_os` that mean this platform; its own name always does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """
    One platform: how to recognise it, what may be asked, what answers mean, what is secret or volatile.

    A service with an API (PLC management server, cloud account) is one, too: its questions go over other transports.
    """

    name: str
    title: str
    vendor: str | None
    recognition: Recognition
    questions: tuple[Question, ...]
    extends: str | None = None
    """Name of the platform whose questions and rules hold here, too."""
    facts: Sequence[FactRule] = ()
    tables: Sequence[TableRule] = ()
    """Of a packaged file, facts and tables are read when they are first looked at."""
    secrets: tuple[SecretRule, ...] = ()
    secret_oids: Mapping[str, str] = field(default_factory=dict)
    """OID prefixes whose values are secrets -> type of secret."""
    secret_indexes: Mapping[str, str] = field(default_factory=dict)
    """Entries of tables whose indexes name communities, users or targets -> type of secret."""
    session: Session | None = None
    http: HttpDialect | None = None
    max_repetitions: int | None = None
    """Cap for GetBulk where the devices fail at more."""
    account: str | None = None
    """The least account that can read all this, in the vendor's own words."""
    source: str = ""
    """Where the knowledge is from: MIB, manual."""
    digest: str = ""
    """Digest of the platform file (with what it extends), so that a fact can be re-derived."""

    def named(self, question: str) -> Question:
        """Return the question of that name."""
        for known in self.questions:
            if known.name == question:
                return known
        raise KeyError(question)
