"""The shape of the catalogue, of profiles and of support files: strict models, read once, here."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,5}-[0-9]{2}$")]
Framework = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]*$", max_length=40)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=400)]
ControlId = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Limit = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=80)]
Regex = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class JudgedModel(_Model):
    """What each status means."""

    supports: Words
    contradicts: Words
    not_assessed: Words = Field(alias="not-assessed")


class RequirementModel(_Model):
    """One requirement."""

    id: Id
    title: Words
    applies: Words
    decide: Words
    parameters: dict[Limit, Annotated[int, Field(ge=0, le=100_000)]]
    judged: JudgedModel
    frameworks: dict[Framework, Annotated[list[ControlId], Field(min_length=1)]]


class CatalogueModel(_Model):
    """The catalogue."""

    requirements: Annotated[list[RequirementModel], Field(min_length=1, max_length=1000)]


class ProfileModel(_Model):
    """A choice of requirements: all, those named, or those that bear on a framework; and limits of its own."""

    title: Words
    requirements: Literal["all"] | list[Id] | None = None
    framework: Framework | None = None
    parameters: dict[Id, dict[Limit, Annotated[int, Field(ge=0, le=100_000)]]] = {}

    @model_validator(mode="after")
    def _one_choice(self) -> "ProfileModel":
        if (self.requirements is None) == (self.framework is None):
            raise ValueError("expected either requirements or framework")
        return self


class EndModel(_Model):
    """The end of support of one range of versions."""

    product: Words
    version: Regex
    ends: datetime.date


class SupportModel(_Model):
    """What one maker says of one product."""

    when: Annotated[dict[FactName, Regex], Field(min_length=1)]
    kind: Words
    source: Words
    looked_up: datetime.date
    ends: Annotated[list[EndModel], Field(min_length=1, max_length=500)]
