"""The shape of a service file's questions: HTTP, a cloud's API, OPC UA."""

import re
from typing import Annotated, Literal

import jmespath
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

STRICT = ConfigDict(extra="forbid", frozen=True, strict=True)
"""Unknown keys and values of another type are errors."""


class _Model(BaseModel):
    model_config = STRICT


def _compiles(path: str) -> str:
    try:
        jmespath.compile(path)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"not a JMESPath: {error}") from error
    return path


JmesPath = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_compiles)]
"""An expression of jmespath.org."""

UrlPath = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/{}-]*$", max_length=500)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$", max_length=60)]
Parameter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.\[\]-]*$", max_length=100)]
Operation = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$", max_length=100)]
NodeId = Annotated[str, StringConstraints(pattern=r"^(ns=\d+;)?[isgb]=.+$", max_length=300)]


class PagingModel(_Model):
    """How a long answer comes in pieces."""

    style: Literal["offset", "number", "token"]
    size: int = Field(ge=1, le=10_000)
    size_parameter: Parameter
    place_parameter: Parameter
    rows: JmesPath
    token: JmesPath | None = None
    total: JmesPath | None = None
    first: int = Field(default=0, ge=0, le=1)
    max_pages: int = Field(default=50, ge=1, le=1_000)

    @model_validator(mode="after")
    def _whole(self) -> "PagingModel":
        if (self.style == "token") is (self.token is None):
            raise ValueError("a path to the token goes with style: token, and only with it")
        return self


class WindowModel(_Model):
    """What happened within a time: from the cursor of the last run to now."""

    start: Parameter
    end: Parameter
    form: Literal["rfc3339", "epoch", "epoch-ms"] = "rfc3339"
    back_days: int = Field(default=7, ge=1, le=400)
    overlap_s: int = Field(default=300, ge=0, le=86_400)


class HttpModel(_Model):
    """How a service wants to be asked over HTTP."""

    auth: Literal["bearer", "basic", "header", "session", "none"] = "bearer"
    header: HeaderName | None = Field(default=None, description="the header that holds the token, or the session")
    login: UrlPath | None = Field(default=None, description="where a session is begun and ended, for `auth: session`")

    @model_validator(mode="after")
    def _whole(self) -> "HttpModel":
        if (self.auth in ("header", "session")) is (self.header is None):
            raise ValueError("a header goes with auth: header and auth: session, and only with them")
        if (self.auth == "session") is (self.login is None):
            raise ValueError("login goes with auth: session, and only with it")
        return self


class FetchModel(_Model):
    """One HTTP GET or HEAD."""

    path: UrlPath
    method: Literal["GET", "HEAD"] = "GET"
    parameters: dict[Parameter, str] = Field(default_factory=dict)
    paging: PagingModel | None = None
    window: WindowModel | None = None
    accept: str = "application/json"
    for_each: str | None = Field(default=None, description="a question whose answer is gone through first")
    rows: JmesPath | None = Field(default=None, description="the values of that answer, which stand for {each}")

    @model_validator(mode="after")
    def _whole(self) -> "FetchModel":
        if len({self.for_each is None, self.rows is None, "{each}" not in self.path}) != 1:
            raise ValueError("for_each, rows and {each} in the path go together")
        if re.search(r"[{}]", self.path.replace("{each}", "")):
            raise ValueError("only {each} stands for something in a path")
        if self.method == "HEAD" and (self.paging or self.window):
            raise ValueError("a HEAD has neither pages nor a window")
        return self


class CallModel(_Model):
    """One read operation of a cloud service, named in full: `iam:ListUsers`."""

    operation: Operation
    parameters: dict[Parameter, object] = Field(default_factory=dict)
    for_each: str | None = Field(default=None, description="a question whose answer is gone through first")
    rows: JmesPath | None = Field(default=None, description="the values of that answer")
    bind: Parameter | None = Field(default=None, description="the parameter that takes the value")
    max_each: int = Field(default=1_000, ge=1, le=10_000, description="most values gone through")
    window: WindowModel | None = None
    max_pages: int = Field(default=100, ge=1, le=1_000)
    pause_s: float = Field(default=0.0, ge=0.0, le=10.0, description="seconds between pages")
    unfold: list[Parameter] = Field(default_factory=list, description="members whose text is JSON")
    until: JmesPath | None = Field(default=None, description="asked again until this holds of the answer")
    safe_call: str | None = Field(default=None, min_length=20, description="why it is safe, if its name is no read's")

    @model_validator(mode="after")
    def _whole(self) -> "CallModel":
        given = [name for name in ("for_each", "rows", "bind") if getattr(self, name) is not None]
        if len(given) not in (0, 3):
            raise ValueError(f"{self.operation}: for_each, rows and bind go together, found only {', '.join(given)}")
        return self


class NodesModel(_Model):
    """One look at an OPC UA server."""

    what: Literal["endpoints", "values", "devices"]
    ids: list[NodeId] = Field(default_factory=list, max_length=200, description="for values")
