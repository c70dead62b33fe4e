"""What `collect --check` prints: the plan as text, for machines, or as the visit sheet for those who have to agree."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from collectors.cli.site import read_log
from collectors.cli.system import SystemClock
from collectors.cli.tell import tell_plan
from collectors.inventory.host import Host
from collectors.plan import Plan, make_plan
from collectors.settings import Settings
from evidence.cli.invocation import say
from evidence.errors import Error
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome
from evidence.platforms.load import Platforms

if TYPE_CHECKING:
    from collectors.earlier import Earlier


def check(
    output_format: str,
    *,
    site: Settings,
    plan: Plan,
    knowledge: Platforms,
    closed: Callable[[Host], Outcome | None],
    forks: int,
    paced: bool,
) -> None:
    """Print the plan; the log is read for what earlier visits took, and no device is touched."""
    if output_format == "table":
        tell_plan(plan, knowledge.generic)
        return
    from collectors.cli.tell_sheet import tell_page, tell_rows
    from collectors.visit_sheet import SheetMaker

    clock = SystemClock()
    hosts = [visit.host for visit in plan.visits]
    sheet = SheetMaker(
        plan=make_plan(hosts, knowledge, tags=plan.tags, paces=plan.paces, clear=plan.clear),
        knowledge=knowledge,
        earlier=_earlier(site, clock, {visit.asset for visit in plan.visits}),
        blackouts=site.blackouts,
        closed=closed,
        at=clock.now().replace(microsecond=0),
        paced=paced,
    ).make(owner=site.owner, forks=forks, jobs=site.jobs, store=site.store, tool=version("plantproof"))
    if output_format == "html":
        tell_page(sheet)
    else:
        tell_rows(plan, knowledge.generic, sheet)


def _earlier(site: Settings, clock: SystemClock, assets: set[AssetId]) -> Mapping[AssetId, "Earlier"]:
    """Return what earlier visits took; nothing before the first run, or where the log cannot be read."""
    from collectors.earlier import earlier_visits

    try:
        history = read_log(site, clock)
        return earlier_visits(history, assets) if history else {}
    except Error as error:
        say("warning", f"what earlier visits took is not known: {error}")
        return {}
