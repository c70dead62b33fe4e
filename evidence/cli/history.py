"""`history`: everything the log holds about an asset."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

from evidence.cli.options import open_here, store_option, verbosity_option
from evidence.cli.output import json_line, table

if TYPE_CHECKING:
    from evidence.log.erasure import Erasure
    from evidence.log.history import History
    from evidence.model.capture import Capture
    from evidence.model.names import Digest

Row = dict[str, object]


@click.command()
@click.argument("asset")
@store_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="jsonl is one object a line.",
)
@click.option("--all", "everything", is_flag=True, help="Answers that did not change, too.")
@click.option("--secrets", is_flag=True, help="Since when each secret is what it is, by its tag.")
@verbosity_option
def command(asset: str, store: str, form: str, everything: bool, secrets: bool) -> None:
    """
    List every visit to ASSET in log order, and the answers that changed; `unknown` where one of persons was erased.

    With --secrets: each secret its answers show, since when and until when. A tag that stays is a secret nobody
    changed. BEGAN is `first` (it stood in the first answer), `new`, or `unknown` (the redaction key changed then: it
    may be older). A tag that ends in :opaque may change though the secret does not, one in :varying never does.

    Each line names the statement that says so; `store get DIGEST` prints it.
    """
    from evidence.log.history import History
    from evidence.snapshots import UnknownAssetError

    history = History.read(open_here(store))
    rows = list(_secrets(history, asset) if secrets else _rows(history, asset, everything))
    if secrets and not rows:
        click.echo(f"{asset}: no answer of it shows a secret", err=True)
        return
    if not rows:
        raise UnknownAssetError(f"{asset}: no such asset in this log", hint="`facts` lists the assets it knows")
    if form == "jsonl":
        for row in rows:
            click.echo(json_line(row))
        return
    columns = ("since", "until", "type", "tag", "began") if secrets else ("at", "event", "detail", "statement")
    for line in table([c.upper() for c in columns], ([row.get(c) for c in columns] for row in rows)):
        click.echo(line)


def _secrets(history: "History", asset: str) -> Iterator[Row]:
    """Yield one row a secret; `until` is when it was last seen, of one that is there still it is left out."""
    from evidence.model.names import AssetId
    from evidence.rotation import secrets_over_time

    for seen in secrets_over_time(history, AssetId(asset)):
        row: Row = {"question": seen.question, "type": seen.type, "tag": seen.tag, "since": seen.since}
        row |= {} if seen.there else {"until": seen.last}
        yield {**row, "last": seen.last, "began": seen.began, "compared": seen.compared, "source": seen.source}


def _rows(history: "History", asset: str, everything: bool) -> Iterator[Row]:
    """Yield one row a visit, before it one an answer that is new or different."""
    from evidence.log.erased import erased_in, is_gone

    seen: dict[str, Capture] = {}
    erased = erased_in(history)
    for entry, part in history.parts():
        for capture in part.captures:
            if capture.asset == asset:
                gone = is_gone(capture, erased)
                event = _event(history, seen.get(capture.question), capture, erased)
                detail = f"{capture.question}: {capture.transport} {capture.request:.80}{f', {gone}' if gone else ''}"
                seen[capture.question] = capture
                if event != "unchanged" or everything:
                    yield {
                        "at": capture.at,
                        "event": event,
                        "detail": detail,
                        "source": capture.blob,
                        "index": entry.index,
                        "statement": entry.digest,
                    }
        for outcome in part.outcomes:
            if outcome.asset == asset:
                reason = f": {outcome.reason}" if outcome.reason else ""
                yield {
                    "at": part.ended,
                    "event": "visit",
                    "detail": f"{outcome.result}{reason}",
                    "slot": part.slot,
                    "index": entry.index,
                    "statement": entry.digest,
                }


def _event(history: "History", before: "Capture | None", now: "Capture", erased: "Mapping[Digest, Erasure]") -> str:
    """Return what an answer is to the one before it; two of persons are compared by what they say, if it is there."""
    from evidence.log.erased import is_gone
    from evidence.store.answers import same_answer

    if before is None:
        return "first"
    if (before.salt or now.salt) and (is_gone(before, erased) or is_gone(now, erased)):
        return "unknown"
    return "unchanged" if same_answer(history.ledger.store, before, now) else "changed"
