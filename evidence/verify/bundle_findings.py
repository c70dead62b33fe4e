"""The tables of findings in a bundle, made again from the statement the assessor signed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from evidence.assess.knowledge import read_texts
from evidence.bundle.judged import (
    CONTROLS,
    FINDINGS,
    FINDINGS_HEADER,
    INDEX_HEADER,
    Judgement,
    Places,
    judged_files,
)
from evidence.bundle.layout import blob_path
from evidence.bundle.opened import read_file
from evidence.bundle.table import check_table, lines_of
from evidence.controls.load import read_catalogue
from evidence.log.erased import as_it_stands
from evidence.log.findings import FindingsStatement, load_results
from evidence.model.names import Digest, parse_digest
from evidence.verify.bundle_audit import BundleAudit
from evidence.verify.result import Answer

_NO_RESULTS = len(b"[]")


def check_tables(audit: BundleAudit, answer: Answer) -> None:
    """Fail unless every line of the tables is one that the newest findings give, and in a whole bundle every one is."""
    tables = [path for path in audit.manifest if path == FINDINGS or path.startswith(CONTROLS)]
    if not tables:
        if audit.findings and audit.narrowed == "no":
            answer.fail(f"{FINDINGS}: missing, and the log was judged")
        return
    if FINDINGS not in tables:
        answer.fail(f"{FINDINGS}: missing, beside {tables[0]}")
        return
    table = read_file(audit.bundle, FINDINGS)
    check_table(table, FINDINGS_HEADER, FINDINGS)
    named = _named(table)
    if named is None:
        _say_nothing_was_found(audit, answer)
        return
    statement = audit.findings.get(named)
    if statement is None:
        answer.fail(f"{FINDINGS}: made of {named}, which is not here")
        return
    if _newest(audit, statement) != named:
        answer.fail(f"{FINDINGS}: made of {named}, and the log was judged again later")
    if not {blob_path(one) for one in (statement.results, statement.basis.controls)} <= audit.manifest.keys():
        answer.gap(f"{FINDINGS}: what it is made of is withheld")
        return
    signed = _judgement(audit, named, statement)
    standing = replace(signed, findings=tuple(as_it_stands(one, audit.erased) for one in signed.findings))
    # The first bundles show what was signed, even where all it rests on was erased.
    wrong = min((list(_wrong(audit, judgement, tables)) for judgement in (standing, signed)), key=len)
    for path in wrong:
        answer.fail(f"{path}: not what the findings say")
    answer.note(f"the findings of {statement.basis.as_of} by the profile {statement.basis.profile}")


def _wrong(audit: BundleAudit, judgement: Judgement, tables: Iterable[str]) -> Iterator[str]:
    """Yield the tables that a judgement does not give."""
    made, whole = judged_files(judgement, _places(audit)), audit.narrowed == "no"
    for path in sorted({*tables, *(made if whole else ())}):
        told, right = _read(audit, path), made.get(path, b"")
        if told != right and (whole or not _is_some_of(told, right, path)):
            yield path


def _is_some_of(told: bytes, right: bytes, path: str) -> bool:
    """Tell whether a table holds some lines of another: of an index at least one."""
    check_table(told, FINDINGS_HEADER if path == FINDINGS else INDEX_HEADER, path)
    lines = lines_of(told)
    return set(lines) <= set(lines_of(right)) and (len(lines) > 1 or path == FINDINGS)


def _say_nothing_was_found(audit: BundleAudit, answer: Answer) -> None:
    """Fail for a table without findings where whichever are meant are here, and are some."""
    judged = [one for one in audit.findings.values() if one.basis.as_of <= audit.info.get("Plantproof-As-Of", "")]
    if audit.narrowed == "no" and judged and all(one.results_bytes > _NO_RESULTS for one in judged):
        answer.fail(f"{FINDINGS}: holds no finding, and the log was judged")
    else:
        answer.gap(f"{FINDINGS}: holds no finding")


def _read(audit: BundleAudit, path: str) -> bytes:
    return read_file(audit.bundle, path) if path in audit.manifest else b""


def _named(table: bytes) -> Digest | None:
    """Return the statement that the rows say they are made of, in the last cell of the first of them."""
    row = lines_of(table)[1:2]
    return parse_digest(row[0].rpartition(b",")[2].decode("utf-8", "replace")) if row else None


def _newest(audit: BundleAudit, statement: FindingsStatement) -> Digest:
    """Return the last findings by the same profile up to the moment the bundle is made for."""
    as_of = audit.info.get("Plantproof-As-Of", "")
    alike = [
        digest
        for digest, one in audit.findings.items()
        if one.basis.profile == statement.basis.profile and one.basis.as_of <= as_of
    ]
    return alike[-1] if alike else Digest("none")


def _judgement(audit: BundleAudit, named: Digest, statement: FindingsStatement) -> Judgement:
    basis = statement.basis
    return Judgement(
        statement=named,
        profile=basis.profile,
        catalogue=read_catalogue(read_texts(audit.artefact(basis.controls, basis.controls_bytes))),
        findings=load_results(audit.artefact(statement.results, statement.results_bytes)),
    )


def _places(audit: BundleAudit) -> Places:
    others = {digest: blob_path(digest) for digest in audit.blobs if blob_path(digest) in audit.manifest}
    answers = ((asset, audit.manifest[path], path) for path, asset in audit.explained.items())
    return Places(answers, {**audit.statements, **others})
