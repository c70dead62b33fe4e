"""The page that comes with a bundle: how to check it with programs that are not ours."""

from evidence.bundle.layout import MANIFEST, NAMESPACE, SIGNATURE, TAGMANIFEST
from evidence.export.gather import Gathered
from evidence.export.selection import Selection
from evidence.harmless import one_line
from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.model.names import slug

_TEXT = """\
Evidence of {owner}
{line}

Period:  {period} ({since} to {until}), as of {as_of}
Chosen:  {chosen}
For:     {recipient}
Log:     {origin}, {size} statements
Pin:     {pin}
Leaves:  {previous} to {size}; {withheld} of their statements were not supplied

What is here
  report.html    what was seen, asset by asset
  assets.csv     the assets, and the folder of each
  evidence.csv   every artefact: file, asset, question, time, and the statement that names it
  gaps.csv       what was planned and not read, was late, or is still due, and why; runs that did not finish
  findings.csv   what supports or contradicts which requirement, and what was not assessed (if anything was judged)
  controls/      the same by each framework's own ids
  conduct.csv    how each run behaved: requests, rates, refusals
  evidence/      one plain copy of each answer. Secrets are tags: <secret:TYPE:KEY:20 hex>. Values that change by
                 themselves (counters, uptime) are left out; their digests stand in the statements
                 A salt in evidence.csv: the file begins with so many random bytes, because the answer names people.
                 What was said comes after them: tail -c +17 FILE
  statements/    what was signed, by whom: DSSE envelopes
  timeline.csv   every statement in the order of the log, and what bounds its time (of an incident only)
  cmmc/          the artifact hash logs of a CMMC assessment (of its profile only)
  blobs/         plans, asset lists and action logs that the statements name, by SHA-256
  log/           two checkpoints, the frontier of the earlier one, every leaf between; time stamps,
                 cosignatures

How to check it
You need two things that are NOT in here and that you got from the owner, not with this file: the owner's root key
(root.pub) and a line of allowed_signers. A third, a pin from an earlier report or bundle, shows that the log is still
the same one.

1. Nothing was changed (Linux, macOS with coreutils; in this bag's folder):
     sha256sum -c {manifest} {tagmanifest}
   PowerShell:
     Get-Content {manifest}, {tagmanifest} | ForEach-Object {{ $h, $f = $_ -split '  ', 2
       if ((Get-FileHash $f -Algorithm SHA256).Hash -ne $h) {{ "CHANGED $f" }} }}
   Neither notices a file that was ADDED. The number of files and bytes below data/ must be the one in bag-info.txt
   (Payload-Oxum: bytes.files); bagit.py --validate checks that, too:
     find data -type f | wc -l
   PowerShell:
     (Get-ChildItem data -Recurse -File).Count; (Get-ChildItem data -Recurse -File | Measure-Object Length -Sum).Sum

   To read an answer behind a salt of 16 in PowerShell:
     $b = [IO.File]::ReadAllBytes((Resolve-Path FILE)); [Text.Encoding]::UTF8.GetString($b, 16, $b.Length - 16)

2. The sealer of this log signed it (OpenSSH 8.1 or newer; it comes with Windows, macOS and Linux):
     ssh-keygen -Y verify -f allowed_signers -I {principal} -n {namespace} -s {signature} < {tagmanifest}
   PowerShell:
     cmd /c "ssh-keygen -Y verify -f allowed_signers -I {principal} -n {namespace} -s {signature} < {tagmanifest}"

3. Where log/tsr/ holds time stamps: that the log was there at their time. The CA's certificate comes from the
   authority; where the authority's own has run out since, say -attime and the token's time:
     openssl ts -verify -data data/log/checkpoint -in data/log/tsr/SIZE/NAME.tsr -CAfile ca.pem
   data/log/checkpoints/SIZE takes the place of data/log/checkpoint where the size is not the newest.

4. All of it, the log and every statement included, needs nothing but Python 3.11 and one file, verify.py, that comes
   with each release and never inside a bundle:
     python verify.py BUNDLE.zip --root-key root.pub --pin "ORIGIN SIZE ROOT"
   or the auditor's program:
     plantproof-verify verify BUNDLE.zip --key root.pub --pin "ORIGIN SIZE ROOT"

The report and the tables are made from the statements and signed by the sealer; what counts are the statements.
Nothing in here says that a requirement is met, or that a device told the truth.
"""


def principal(owner: str) -> str:
    """Return the name that stands for an owner's sealer in `allowed_signers`."""
    return f"export@{slug(owner)}"


def allowed_signers(history: History) -> bytes:
    """Return the lines by which ssh-keygen knows the sealers of a log, those that were retired among them."""
    authority = history.ledger.authority
    retired = (one for ended in authority.ended.values() for one in ended if one.distrust_from is None)
    keys = (*authority.held_by(Role.SEALER), *(one.key for one in retired if one.role is Role.SEALER))
    sealers = {key.text for key in keys}
    who = f'{principal(history.owner)} namespaces="{NAMESPACE}"'
    return "".join(f"{who} {text}\n" for text in sorted(sealers)).encode()


def readme(gathered: Gathered, selection: Selection) -> bytes:
    """Return `README.txt`."""
    history, span = gathered.history, gathered.span
    text = _TEXT.format(
        owner=one_line(history.owner),
        line="=" * (12 + len(history.owner)),
        period=selection.period.name,
        since=selection.period.since.date(),
        until=selection.period.until.date(),
        as_of=span.as_of,
        chosen=one_line(chosen(selection)),
        recipient=one_line(selection.recipient or "nobody in particular"),
        origin=history.origin,
        pin=history.checkpoint.pin,
        previous=span.previous,
        size=span.size,
        withheld=gathered.withheld,
        manifest=MANIFEST,
        tagmanifest=TAGMANIFEST,
        signature=SIGNATURE,
        namespace=NAMESPACE,
        principal=principal(history.owner),
    )
    return text.encode("utf-8", "replace")


def chosen(selection: Selection) -> str:
    """Return in words what a bundle was narrowed to."""
    words = [
        *(f"asset {asset}" for asset in sorted(selection.assets)),
        *(f"control {control}" for control in selection.controls),
        *([f"profile {selection.profile}"] if selection.profile else []),
    ]
    if selection.incident:
        words.append("everything of the period, with what changes by itself, and a timeline")
    return ", ".join(words) or "everything of the period"
