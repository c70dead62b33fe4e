"""
How a report looks: one self-contained HTML page, or JSON.

The page needs no script, no network and no font of its own; a Content-Security-Policy says so to the browser. Every
value is escaped by Jinja2, after control and direction characters have been spelled out.
"""

import json
import re
from dataclasses import asdict

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from evidence.harmless import harmless
from evidence.report.document import Document
from evidence.report.owner import OwnerReport
from evidence.report.sheet import IDENTITY

SCHEMA = "plantproof.report/1"
"""Name and version of the JSON form."""

OWNER_SCHEMA = "plantproof.owner-report/1"
"""Name and version of the owner's."""


_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9]{2}Z")


def render_html(document: Document) -> str:
    """Return the auditor's page."""
    return page_environment().get_template("report.html").render(report=document, labels=IDENTITY)


def render_owner_html(report: OwnerReport) -> str:
    """Return the owner's pages."""
    return page_environment().get_template("owner.html").render(report=report)


def render_owner_json(report: OwnerReport) -> str:
    """Return the owner's pages as one JSON document."""
    return json.dumps({"schema": OWNER_SCHEMA, **asdict(report)}, ensure_ascii=False, indent=1) + "\n"


def page_environment(*packages: str) -> Environment:
    """Return what renders pages in this style; templates lie in `pages` of the packages named, or here."""
    places = (*packages, "evidence.report")
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "pages") for package in places]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(age=age_text, short=short, bytes=bytes_text, when=when, plain=plain)
    return environment


def render_json(document: Document) -> str:
    """Return the report as one JSON document."""
    return json.dumps({"schema": SCHEMA, **asdict(document)}, ensure_ascii=False, indent=1) + "\n"


def age_text(seconds: int | str) -> str:
    """Return a length of time in the largest unit that keeps it readable: `45 s`, `3 h`, `12 days`."""
    count = int(seconds)
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if count >= 2 * size:
            return f"{count // size} {unit}"
    return f"{count} s"


def bytes_text(count: int) -> str:
    """Return a length in bytes or KiB."""
    return f"{count} B" if count < 10_240 else f"{count // 1024} KiB"


def short(digest: str) -> str:
    """Return the first twelve digits of a digest, enough to find it by."""
    return digest.removeprefix("sha256:")[:12]


def when(moment: str) -> str:
    """Return an RFC 3339 time as people read it, still UTC."""
    return moment.replace("T", " ").removesuffix("Z")


def plain(text: str) -> str:
    """Return a sentence with its RFC 3339 times as people read them."""
    return _TIME.sub(r"\1 \2 UTC", text)


def _shown(value: object) -> object:
    return harmless(value) if type(value) is str else value
