"""The report that lies in a bundle."""

from datetime import datetime

from evidence.export.selection import Selection
from evidence.platforms.load import Platforms
from evidence.report.compose import compose
from evidence.report.render import render_html
from evidence.snapshots import Snapshots
from evidence.verify.result import Report, Status, Step
from evidence.verify.slots import Calendar

_UNCHECKED = "a page cannot vouch for what it lies in: README.txt beside it says how to check this bundle"
_NARROWED = "answers that no finding of this bundle rests on are not in it, nor on this page, though they may be newer"


def report_page(
    snapshots: Snapshots,
    selection: Selection,
    at: datetime,
    calendar: Calendar | None,
    *,
    platforms: Platforms,
    tool: str,
) -> bytes:
    """
    Return the page of what was known of the chosen assets at a moment; what it says of itself is not-checked.

    Where requirements were chosen, `snapshots` knows only the answers that are handed out.
    """
    narrowed = selection.by_findings
    details = (_UNCHECKED, _NARROWED) if narrowed else (_UNCHECKED,)
    step = Step(number=1, name="bundle", status=Status.NOT_CHECKED, details=details)
    verification = Report(checkpoint=snapshots.history.checkpoint, steps=(step,), calendar=calendar)
    only = selection.assets or None
    document = compose(snapshots, verification, platforms, at=at, store=None, tool=tool, only=only, narrowed=narrowed)
    return render_html(document).encode("utf-8", "replace")
