"""Steps 1 to 6 of a bundle: its files, its log, whose it is, who signed it, and pins."""

from evidence.bundle.bag import DECLARATION, dump_manifest, load_manifest, payload_of
from evidence.bundle.layout import (
    BAG_INFO,
    BAGIT,
    CHECKPOINT,
    MANIFEST,
    MAX_TAG_BYTES,
    NAMESPACE,
    SIGNATURE,
    STATEMENTS,
    TAG_FILES,
    TAGMANIFEST,
)
from evidence.bundle.opened import digest_file, read_file
from evidence.bundle.proof import check_earlier
from evidence.bundle.sshsig import MAX_SIGNATURE_BYTES, read
from evidence.errors import Error
from evidence.log.accept import judge
from evidence.log.authority import AuthorityError, found
from evidence.log.keyring import Role
from evidence.log.note import Checkpoint, read_checkpoint
from evidence.store.layout import MAX_STATEMENT_BYTES
from evidence.verify.bundle_audit import BundleAudit, path_digest, read_info, read_log
from evidence.verify.log_steps import name_keys
from evidence.verify.result import Answer


def check_bag(audit: BundleAudit, answer: Answer) -> None:
    """Step 1: every file is listed and unchanged, and there is none that is not listed."""
    bundle = audit.bundle
    tags = {name: read_file(bundle, name, at_most=MAX_TAG_BYTES) for name in sorted(TAG_FILES - {SIGNATURE})}
    if tags[BAGIT] != DECLARATION:
        answer.fail(f"{BAGIT}: not the declaration of a bag of version 1.0")
    listed = load_manifest(tags[TAGMANIFEST], TAGMANIFEST)
    whole = {name: digest_file(bundle, name) for name in (BAGIT, BAG_INFO, MANIFEST)}
    if dump_manifest(whole) != tags[TAGMANIFEST]:
        changed = [name for name, digest in whole.items() if listed.get(name) != digest]
        answer.fail(f"{TAGMANIFEST}: does not fit {', '.join(changed) or 'the files it must list, and only those'}")
    audit.manifest = load_manifest(tags[MANIFEST], MANIFEST)
    audit.info = read_info(audit)
    payload = bundle.sizes.keys() - TAG_FILES
    for path in sorted(payload - audit.manifest.keys()):
        answer.fail(f"{path}: is there, and not listed")
    for path in sorted(audit.manifest.keys() - payload):
        answer.fail(f"{path}: listed, and missing")
    for path in sorted(payload & audit.manifest.keys()):
        if digest_file(bundle, path) != audit.manifest[path]:
            answer.fail(f"{path}: changed")
    total = sum(bundle.sizes[path] for path in payload)
    if payload_of(audit.info) != (total, len(payload)):
        answer.fail(f"{BAG_INFO}: Payload-Oxum is {audit.info.get('Payload-Oxum')}, found {total}.{len(payload)}")
    answer.note(f"{len(payload)} files, {total} bytes; {audit.info.get('External-Description', '')}")


def check_bundle_log(audit: BundleAudit, answer: Answer) -> None:
    """Step 2: frontier and leaves rebuild the roots of both checkpoints; what is from before leads to the first."""
    proof = read_log(audit)
    if audit.previous is not None:
        check_earlier(proof, audit.previous.checkpoint.root)
    elif proof.earlier:
        answer.fail("statements from before the log's first leaf")
        return
    audit.proof, audit.places = proof, proof.places()
    if audit.info.get("Plantproof-Log") != f"{proof.previous} {proof.size}":
        answer.fail(f"{BAG_INFO}: names the leaves {audit.info.get('Plantproof-Log')}")
    answer.note(f"{len(proof.leaves)} leaves, from {proof.previous} to {proof.size}; {len(proof.earlier)} from before")


def check_bundle_genesis(audit: BundleAudit, answer: Answer) -> None:
    """Step 3: genesis is signed by the root key it names, makes this log, and the root key is the trusted one."""
    if audit.current is None:
        answer.gap("whose log it is, is unknown (step 2)")
        return
    places = [path for path in audit.bundle.sizes if path.startswith(f"{STATEMENTS}genesis/")]
    if len(places) != 1:
        answer.fail(f"expected one genesis, found {len(places)}")
        return
    authority = found(read_file(audit.bundle, places[0], at_most=MAX_STATEMENT_BYTES))
    if authority.origin != audit.current.checkpoint.origin:
        answer.fail(f"genesis makes the log {authority.origin}, the checkpoint is of {audit.current.checkpoint.origin}")
        return
    if audit.proof is not None and audit.places.get(authority.genesis) != (0, "genesis"):
        answer.fail("genesis is not shown to be the first leaf")
    audit.authorities.append((0, authority))
    if audit.trusted_root is None:
        answer.gap(f"whether {authority.root.id} is the owner's root key: name the one you trust with --key")
    elif audit.trusted_root == authority.root:
        answer.note(f"evidence of {authority.owner}; root key {authority.root.id}, the trusted one")
    else:
        answer.fail(f"the root key is {authority.root.id}, the trusted one is {audit.trusted_root.id}")


def check_bundle_keys(audit: BundleAudit, answer: Answer) -> None:
    """Step 4: every other key was introduced by the root key, in the log."""
    if not audit.authorities or audit.proof is None:
        answer.gap("the log (step 2) or its root key (step 3) is unknown")
        return
    introduced: list[tuple[int, str]] = []
    said = {digest for digest, (_, kind) in audit.places.items() if kind == "key"}
    for path in audit.statement_paths():
        kind, digest = path_digest(path)
        if kind in ("key", "review") and audit.places.get(digest, (0, ""))[1] == kind:
            introduced.append((audit.places[digest][0], path))
            said.discard(digest)
    for digest in sorted(said):
        answer.fail(f"leaf {audit.places[digest][0]}: what was said of a key is withheld: {digest}")
    for index, path in sorted(introduced):
        try:
            data = read_file(audit.bundle, path, at_most=MAX_STATEMENT_BYTES)
            audit.authorities.append((index + 1, judge(data, audit.authorities[-1][1]).authority))
        except Error as error:
            answer.fail(f"{path}: {error}")
    name_keys(audit.authorities[-1][1], answer)


def check_signatures(audit: BundleAudit, answer: Answer) -> None:
    """Step 5: a sealer of this log signed both checkpoints and, through the tag manifest, every file of the bundle."""
    if not audit.authorities or audit.proof is None or audit.current is None:
        answer.gap("who may have signed is unknown (steps 2 to 4)")
        return
    sealer = audit.authority_at(audit.proof.size).check_note(audit.current)
    if audit.authorities[-1][1].distrusts(sealer.id, Role.SEALER, audit.proof.size - 1):
        raise AuthorityError(f"{CHECKPOINT}: signed by {sealer.id}, which was revoked")
    if audit.previous is not None:
        audit.authority_at(audit.proof.previous).check_note(audit.previous)
    for size in sorted(audit.roots.keys() - {audit.proof.size, audit.proof.previous}):
        path = audit.checkpoint_path(size)
        note = read_checkpoint(audit.checkpoint_file(size))
        audit.authority_at(size).check_note(note)
        if note.checkpoint.size != size or note.checkpoint.root != audit.roots[size]:
            raise AuthorityError(f"{path}: the leaves do not add up to it")
    signature = read(read_file(audit.bundle, SIGNATURE, at_most=MAX_SIGNATURE_BYTES))
    if signature.namespace != NAMESPACE:
        raise AuthorityError(f"{SIGNATURE}: made for the namespace {signature.namespace!r:.60}, expected {NAMESPACE}")
    sealer = audit.authority_at(audit.proof.size).key_of(signature.key.id, Role.SEALER, SIGNATURE)
    signature.verify(read_file(audit.bundle, TAGMANIFEST, at_most=MAX_TAG_BYTES))
    answer.note(f"signed by the sealer {sealer.id}")


def check_bundle_pins(audit: BundleAudit, answer: Answer) -> None:
    """Step 6: the log still holds everything that each pin stands for."""
    if audit.proof is None or audit.current is None:
        answer.gap("the log cannot be read (step 2)")
        return
    if not audit.pins:
        answer.gap("no pin was given; whoever holds the keys could have rewritten the whole log")
    here = audit.current.checkpoint
    roots = audit.proof.roots(pin.size for pin in audit.pins)
    for pin in audit.pins:
        if pin.origin != here.origin:
            answer.fail(f"pin {pin.pin}: the log is {here.origin}")
        elif pin.size not in roots:
            answer.gap(f"pin {pin.pin}: of a log of another size than {audit.proof.previous} to {here.size} leaves")
        elif roots[pin.size] != pin.root:
            answer.fail(f"pin {pin.pin}: the log was another one at {pin.size} leaves")
        else:
            answer.note(f"holds everything up to leaf {pin.size}")


def pins_that_bind(audit: BundleAudit) -> list[Checkpoint]:
    """Return the pins that the log holds."""
    if audit.proof is None or audit.current is None:
        return []
    origin, roots = audit.current.checkpoint.origin, audit.proof.roots(pin.size for pin in audit.pins)
    return [pin for pin in audit.pins if (pin.origin, pin.root) == (origin, roots.get(pin.size))]
