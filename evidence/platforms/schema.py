"""
The shape of a platform file: strict models, which also give the JSON Schema for editors.

A file is parsed once, here; everything else sees the frozen values of `evidence.platforms.platform`. What is empty
where a file says nothing comes of a factory: pydantic copies a list or a model that is a default, which takes longer.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from evidence.platforms.schema_calls import STRICT, CallModel, FetchModel, HttpModel, JmesPath, NodesModel

Oid = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=256)]
OwnOid = Annotated[str, StringConstraints(pattern=r"^(\{sysobjectid\}|[0-9]+)(\.[0-9]+)+$", max_length=256)]
"""May begin with the device's own sysObjectID, for vendors that give each model a branch of its own."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=60)]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Replacement = Annotated[str, StringConstraints(pattern=r"\\g<\w+>", max_length=200)]
"""Text with groups in it: `\\g<protocol> \\g<socket>`."""
Command = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=400)]
Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[smhd]$")]
Transport = Literal["snmp", "ssh", "local"]
Reader = Literal[
    "authorized_keys",
    "block_devices",
    "blocks",
    "csv",
    "dnf_advisories",
    "endpoints",
    "json",
    "pages",
    "pairs",
    "password_policy",
    "ssh_log",
    "sshd_config",
    "tsv",
    "x509",
]
List = Literal["certificates", "authorised_keys", "backup_folders", "backup_status", "restore_tests"]
Tag = Literal["identify", "config", "tables", "host"]
Scheme = Literal["plain", "cisco7", "juniper9", "opaque", "varying"]
ValueFormat = Literal[
    "text",
    "mac",
    "hex",
    "integer",
    "centiseconds",
    "address",
    "octets",
    "time",
    "day",
    "date",
    "lower",
    "count",
    "microseconds",
    "names",
    "service",
]
IndexFormat = Literal["index", "index-first", "index-second", "index-rest", "index-mac", "index-address", "index-inet"]


class _Model(BaseModel):
    model_config = STRICT


class RecognitionModel(_Model):
    """How a platform is known."""

    sysobjectid: list[Oid] = Field(default_factory=list)
    sysdescr: Regex | None = None
    answers: list[Oid] = Field(default_factory=list, max_length=8, description="OIDs of which one must have a value")
    unnamed: list[Oid] = Field(
        default_factory=list,
        max_length=2,
        description="OIDs of which one must have a value where there is no sysObjectID",
    )
    network_os: list[Name] = Field(default_factory=list)


class SessionModel(_Model):
    """How a command line session is set up."""

    driver: str = "generic"
    setup: list[Command] = Field(default_factory=list)
    pager: Regex | None = None
    prompt: Regex | None = None
    denied: Regex | None = Field(default=None, description="what it says to a command the account has no right to")
    kind: Literal["network", "host"] = "network"


class QuestionModel(_Model):
    """One thing to ask: exactly one of `get`, `walk`, `rows`, `run`, `read`, `fetch`, `call`, `nodes`."""

    name: Name
    over: list[Transport] = Field(
        default_factory=list, description="transports; for run and read: ssh where nothing is said"
    )
    get: list[OwnOid] | None = None
    walk: list[OwnOid] | None = None
    rows: list[Oid] | None = Field(default=None, description="columns of one table, in the rows that are chosen")
    chosen_by: dict[Oid, Regex] | None = Field(
        default=None, max_length=3, description="column -> what its value must match for a row to be asked for"
    )
    run: Command | None = None
    read: Command | None = None
    fetch: FetchModel | None = None
    call: CallModel | None = None
    nodes: NodesModel | None = None
    reader: Reader | None = None
    template: Name | None = Field(
        default=None, description="of ntc-templates: takes a text apart, in place of a reader"
    )
    inside: JmesPath | None = Field(default=None, description="base64 text within a JSON answer that the reader reads")
    each: List | None = Field(default=None, description="asked once for each entry of this list of the inventory")
    instead_of: Name | None = Field(default=None, description="asked only where that question got no whole answer")
    given: Name | None = Field(default=None, description="not asked where that question found nothing")
    tags: list[Tag] = Field(min_length=1)
    ttl: Duration = "1d"
    personal: bool = Field(default=False, description="names people: kept behind random bytes, for a time of its own")
    config: Literal["running", "startup"] | None = None
    complete: Regex | None = None
    refused: Regex | None = None
    optional: bool = False
    timeout_s: int | None = Field(default=None, ge=1, le=300)

    @model_validator(mode="after")
    def _one_verb(self) -> "QuestionModel":
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            raise ValueError(f"question {self.name}: expected one of {', '.join(VERBS)}, found {verbs or 'none'}")
        if not set(self.over) <= set(VERBS[verbs[0]]):
            raise ValueError(f"question {self.name}: {verbs[0]} cannot go over {', '.join(self.over)}")
        if (self.each is None) is ("{each}" in (self.run or self.read or "")):
            raise ValueError(f"question {self.name}: each names a list whose entries stand for {{each}}")
        if self.template is not None and (self.run is None or self.reader is not None):
            raise ValueError(
                f"question {self.name}: a template takes the text of a command apart, in place of a reader"
            )
        if bool(self.rows) is not bool(self.chosen_by) or not set(self.chosen_by or ()) <= set(self.rows or ()):
            raise ValueError(f"question {self.name}: chosen_by names some of the columns in rows; one needs the other")
        if self.personal and self.config is not None:
            raise ValueError(f"question {self.name}: a configuration is judged by its digest, so it cannot be personal")
        return self


class FactModel(_Model):
    """One rule of a fact; the first rule that yields wins."""

    question: Name
    oid: OwnOid | list[OwnOid] | None = None
    column: Oid | None = None
    path: JmesPath | None = None
    lookup: Oid | None = None
    among: dict[Oid, Regex] | None = None
    first: bool = False
    where: Regex | None = None
    unless: Regex | None = None
    pattern: Regex | None = None
    template: str | None = None
    map: dict[str, str] | None = None
    format: ValueFormat = "text"
    join: str | None = None
    count: bool = Field(default=False, description="the fact is how often the pattern is found")
    newest: bool = Field(default=False, description="of several answers and rules the latest time counts")
    untested: bool = False

    @model_validator(mode="after")
    def _one_place(self) -> "FactModel":
        if sum(place is not None for place in (self.oid, self.column, self.path)) > 1:
            raise ValueError("expected one of oid, column, path, found several")
        if self.among is not None and self.column is None:
            raise ValueError("among chooses rows of a column, but there is no column")
        if self.pattern is None and (self.template is not None or self.count):
            raise ValueError("a template or a count needs a pattern")
        return self


class ColumnModel(_Model):
    """One fact column of a table: of an OID, the index, a group of the row's pattern, a path within the row, a word."""

    oid: Oid | None = None
    group: Name | Replacement | None = None
    path: JmesPath | None = None
    map: dict[str, str] | None = None
    format: ValueFormat | IndexFormat = "text"
    lookup: Oid | JmesPath | None = None
    pattern: Regex | None = None
    value: str | None = Field(default=None, min_length=1, max_length=60)


class TableModel(_Model):
    """Rows of facts read from one answer."""

    question: Name
    pattern: Regex | None = None
    under: Regex | None = Field(default=None, description="headings of a text; their groups hold for the rows below")
    rows: JmesPath | None = None
    key: str | None = Field(default=None, max_length=200)
    columns: dict[Name, ColumnModel] = Field(min_length=1)
    untested: bool = False

    @model_validator(mode="after")
    def _whole(self) -> "TableModel":
        if self.rows is not None:
            if (
                self.pattern is not None
                or self.key is None
                or any(c.path is None and c.value is None for c in self.columns.values())
            ):
                raise ValueError(f"table of {self.question}: with rows go a key, and a path or value for each column")
        elif (self.pattern is None) is not (self.key is None or self.key.startswith("index")):
            raise ValueError(f"table of {self.question}: a text table has a pattern and a key, an SNMP table neither")
        if self.under is not None and self.pattern is None:
            raise ValueError(f"table of {self.question}: rows under a heading have a pattern")
        return self


class SecretModel(_Model):
    """Where a configuration holds a secret: a pattern with the group `secret`."""

    type: Name
    pattern: Regex
    scheme: Scheme = "plain"
    until: Regex | None = None
    within: Regex | None = None
    leaves: Regex | None = None

    @model_validator(mode="after")
    def _named(self) -> "SecretModel":
        if (self.within is None) is not (self.leaves is None):
            raise ValueError(f"secret rule {self.type}: within opens a section and leaves ends it; one needs the other")
        if "(?P<secret>" not in self.pattern:
            raise ValueError(f"secret rule {self.type}: the pattern has no group (?P<secret>…)")
        return self


class VolatileModel(_Model):
    """What changes by itself."""

    oids: list[Oid] = Field(default_factory=list)
    lines: dict[Name, list[Regex]] = Field(default_factory=dict, description="question -> patterns of lines")


class QuirksModel(_Model):
    """What the devices cannot do."""

    max_repetitions: int | None = Field(default=None, ge=1, le=100)


class SafetyModel(_Model):
    """How to ask with the least rights."""

    account: str | None = None


class PlatformModel(_Model):
    """A platform file."""

    name: Name
    title: str
    vendor: str | None = None
    source: list[str] = Field(min_length=1, description="where the knowledge is from: MIB, manual")
    extends: Name | None = Field(default=None, description="the platform whose questions and rules hold here, too")
    without: list[Name] = Field(default_factory=list, description="inherited questions and facts that do not hold here")
    recognition: RecognitionModel = Field(default_factory=RecognitionModel)
    session: SessionModel | None = None
    http: HttpModel | None = None
    questions: list[QuestionModel] = Field(default_factory=list)
    facts: dict[Name, list[FactModel]] = Field(default_factory=dict)
    tables: list[TableModel] = Field(default_factory=list)
    secrets: list[SecretModel] = Field(default_factory=list)
    secret_oids: dict[Oid, Name] = Field(default_factory=dict)
    secret_indexes: dict[Oid, Name] = Field(
        default_factory=dict, description="entry of a table -> type of secret its index holds"
    )
    volatile: VolatileModel = Field(default_factory=VolatileModel)
    quirks: QuirksModel = Field(default_factory=QuirksModel)
    safety: SafetyModel = Field(default_factory=SafetyModel)


class RulesModel(_Model):
    """What the answers mean, by itself: half of a platform file."""

    facts: dict[Name, list[FactModel]] = Field(default_factory=dict)
    tables: list[TableModel] = Field(default_factory=list)


def json_schema() -> Mapping[str, Any]:
    """Return the JSON Schema of a platform file."""
    return PlatformModel.model_json_schema()


def keys_at(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys a platform file may have at `path` (a pydantic location without its last part)."""
    model: type[BaseModel] = PlatformModel
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            inner = _MODELS.get(part)
            model = inner if inner is not None and part != "lines" else model
    return tuple(model.model_fields)


VERBS: Mapping[str, tuple[str, ...]] = {
    "get": ("snmp",),
    "walk": ("snmp",),
    "rows": ("snmp",),
    "run": ("ssh", "local"),
    "read": ("ssh", "local"),
    "fetch": ("http",),
    "call": ("aws",),
    "nodes": ("opcua",),
}
"""How a question is put -> the transports it can go over; the first where the file names none."""

_MODELS: Mapping[str, type[BaseModel]] = {
    "recognition": RecognitionModel,
    "session": SessionModel,
    "http": HttpModel,
    "questions": QuestionModel,
    "fetch": FetchModel,
    "call": CallModel,
    "nodes": NodesModel,
    "facts": FactModel,
    "tables": TableModel,
    "columns": ColumnModel,
    "secrets": SecretModel,
    "volatile": VolatileModel,
    "quirks": QuirksModel,
    "safety": SafetyModel,
}
