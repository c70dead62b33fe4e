"""How a service is asked: what a question over HTTP, a cloud's API or OPC UA needs beyond its name."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a service gives a long answer in pieces."""

    style: str
    """`offset` (limit and offset parameters), `number` (size and page number) or `token` (next-page token)."""
    size: int
    """Entries a page."""
    size_parameter: str
    place_parameter: str
    """The parameter that says where the next page begins: its offset, number or token."""
    rows: str
    """JMESPath to a page's entries: a page with fewer than `size` is the last."""
    token: str | None = None
    """JMESPath to the token of the next page."""
    total: str | None = None
    """JMESPath to how many entries there are: a page then may hold fewer than `size` and not be the last."""
    first: int = 0
    """Number of the first page, where pages are numbered."""
    max_pages: int = 50
    """Pages after which the answer is cut off and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How a service is asked for what happened within a time."""

    start_parameter: str
    end_parameter: str
    form: str = "rfc3339"
    """`rfc3339`, `epoch` (seconds) or `epoch-ms`."""
    back_s: int = 7 * 86_400
    """How far back the first look goes, seconds; later ones begin at the cursor, with an overlap."""
    overlap_s: int = 300
    """Seconds before the cursor that are asked for again, as late entries appear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpDialect:
    """How a service wants to be asked over HTTP: the same for all its questions."""

    auth: str = "bearer"
    """
    `bearer` (RFC 6750), `basic` (RFC 7617), `header` (a header of the service's own), `session` (a user and a password
    begin a session, whose name stands in such a header) or `none`.
    """
    header: str | None = None
    """The header that holds the token or the session, where it is one of the service's own."""
    login: str | None = None
    """The path where a POST begins a session, and a DELETE ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One GET or HEAD, all its pages, once for each row of another answer where there is one."""

    parameters: Mapping[str, str]
    method: str = "GET"
    """`GET`, or `HEAD` where only what the service says about an answer is wanted: its status and headers."""
    paging: Paging | None = None
    window: Window | None = None
    accept: str = "application/json"
    for_each: str | None = None
    """Name of a question of this service whose answer is gone through first."""
    rows: str | None = None
    """JMESPath to the values of that answer; each takes the place of `{each}` in the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """One read operation of an AWS service, all its pages, once for each row of another answer where there is one."""

    service: str
    """botocore's name of the service: `iam`."""
    operation: str
    """The API's name of the operation: `ListUsers`."""
    parameters: Mapping[str, object]
    for_each: str | None = None
    """Name of a question of this service whose answer is gone through first."""
    rows: str | None = None
    """JMESPath to the values of that answer; each is given as `bind`."""
    bind: str | None = None
    """Name of the parameter that takes the value."""
    max_each: int = 1_000
    """Values of that answer after which the rest is left out, and the answer says so."""
    window: Window | None = None
    max_pages: int = 100
    pause_s: float = 0.0
    """Seconds between pages, where a service is asked more slowly than our own pace is."""
    unfold: tuple[str, ...] = ()
    """Members that hold a JSON text: they are kept as what the text says, so that paths and rules see into it."""
    until: str | None = None
    """JMESPath that must hold of the answer; until it does, the same is asked again, a few times."""
    safe_call: str | None = None
    """Why an operation that does not read by its name is safe to call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpcuaCall:
    """One look at an OPC UA server."""

    what: str
    """`endpoints` (without a session), `values` of the named nodes, or `devices` (DI DeviceSet)."""


Call = HttpCall | AwsCall | OpcuaCall
