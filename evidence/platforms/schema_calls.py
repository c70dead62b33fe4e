"""The shape of a service file's questions: HTTP, a cloud's API, OPC UA."""

from typing import Annotated, Literal

import jmespath
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

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
    first: int = Field(default=0, ge=0, le=1)
    max_pages: int = Field(default=50, ge=1, le=1_000)


class WindowModel(_Model):
    """What happened within a time: from the cursor of the last run to now."""

    start: Parameter
    end: Parameter
    form: Literal["rfc3339", "epoch", "epoch-ms"] = "rfc3339"
    back_days: int = Field(default=7, ge=1, le=400)
    overlap_s: int = Field(default=300, ge=0, le=86_400)


class FetchModel(_Model):
    """One HTTP GET."""

    path: UrlPath
    parameters: dict[Parameter, str] = {}
    paging: PagingModel | None = None
    window: WindowModel | None = None
    accept: str = "application/json"


class CallModel(_Model):
    """One read operation of a cloud service, named in full: `iam:ListUsers`."""

    operation: Operation
    parameters: dict[Parameter, object] = {}
    for_each: str | None = Field(default=None, description="a question whose answer is gone through first")
    rows: JmesPath | None = Field(default=None, description="the values of that answer")
    bind: Parameter | None = Field(default=None, description="the parameter that takes the value")
    window: WindowModel | None = None
    max_pages: int = Field(default=100, ge=1, le=1_000)


class NodesModel(_Model):
    """One look at an OPC UA server."""

    what: Literal["endpoints", "values", "devices"]
    ids: list[NodeId] = Field(default=[], max_length=200, description="for values")
