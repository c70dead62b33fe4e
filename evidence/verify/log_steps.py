"""Steps 1 to 5: the store's description, genesis, keys, the log's own objects, and pins."""

from evidence.errors import Error
from evidence.log.accept import accept
from evidence.log.authority import Authority, found
from evidence.log.chain import Chain, Leaf, LogError, check_pin, load_batch, read_chain, read_store_info
from evidence.log.keyring import Role
from evidence.log.keys import PublicKey
from evidence.log.note import read_checkpoint
from evidence.store.layout import CHECKPOINT_HINT_KEY, Area, KeyNameError, checkpoint_key, parse_key, statement_key
from evidence.store.versions import Versioned
from evidence.verify.audit import Audit
from evidence.verify.result import Answer


def check_store(audit: Audit, answer: Answer) -> None:
    """Step 1: the store says what it is, and holds nothing else."""
    try:
        audit.info = read_store_info(audit.store)
        answer.note(f"evidence of {audit.info.owner}, log {audit.info.origin}")
    except Error as error:
        answer.fail(str(error))
    for key in audit.store.keys(""):
        try:
            audit.keys[key] = parse_key(key)
        except KeyNameError as error:
            answer.fail(str(error))
    answer.note(f"{len(audit.keys)} objects")
    if isinstance(audit.store, Versioned):
        _check_versions(audit, answer, audit.store)


def check_genesis(audit: Audit, answer: Answer) -> None:
    """Step 2: genesis is signed by the root key it names, makes this log, and the root key is the trusted one."""
    info = audit.info
    if info is None:
        answer.gap("the store does not say which genesis is its own (step 1)")
        return
    try:
        authority = found(audit.store.get(statement_key("genesis", info.genesis)))
    except Error as error:
        answer.fail(f"genesis: {error}")
        return
    if (authority.genesis, authority.origin, authority.owner) != (info.genesis, info.origin, info.owner):
        answer.fail(f"genesis makes the log {authority.origin} of {authority.owner}, store.json names {info.origin}")
        return
    audit.authorities.append((0, authority))
    if audit.trusted_root is None:
        answer.gap(f"whether {authority.root.id} is the owner's root key: name the one you trust with --key")
    elif audit.trusted_root == authority.root:
        answer.note(f"root key {authority.root.id}, the trusted one")
    else:
        answer.fail(f"the root key is {authority.root.id}, the trusted one is {audit.trusted_root.id}")


def check_keys(audit: Audit, answer: Answer) -> None:
    """Step 3: every key was introduced by a root key, in the log; what an owner adopts is known from here, too."""
    try:
        audit.chain = read_chain(audit.store)
    except Error as error:
        audit.trouble = error
    if audit.chain is None or not audit.authorities:
        answer.gap("the log cannot be read (step 4) or its root key is unknown (step 2)")
        return
    for index, leaf in enumerate(audit.chain.leaves):
        if leaf.kind not in ("key", "review"):
            continue
        key = statement_key(leaf.kind, leaf.statement)
        try:
            accepted = accept(key, audit.store.get(key), audit.authorities[-1][1])
            audit.authorities.append((index + 1, accepted.authority))
        except Error as error:
            answer.fail(str(error))
    name_keys(audit.authorities[-1][1], answer)


def name_keys(authority: Authority, answer: Answer) -> None:
    """Tell which keys there are, and which are no more."""
    roles = sorted({role for grants in authority.keys.values() for role, _ in grants})
    answer.note(f"{len(authority.keys)} keys: {', '.join(roles)}")
    for key_id, ended in sorted(authority.ended.items()):
        for one in ended:
            since = "retired" if one.distrust_from is None else f"revoked, distrusted from leaf {one.distrust_from} on"
            answer.note(f"{one.role} {key_id}: {since}")


def check_log(audit: Audit, answer: Answer) -> None:
    """Step 4: batches follow each other, and every batch's end has a checkpoint, signed, with the root recomputed."""
    chain = audit.chain
    if chain is None:
        answer.fail(str(audit.trouble))
        return
    if audit.info is None or not audit.authorities:
        answer.gap("whose log it is, is unknown (steps 1 and 2)")
        return
    if not chain.size:
        answer.fail("nothing is sealed yet; `plantproof seal` seals")
    elif chain.leaves[0] != Leaf("genesis", audit.info.genesis):
        answer.fail("the first leaf is not genesis")
    kept = {key.size for key in audit.keys.values() if key.area is Area.CHECKPOINT and key.size is not None}
    notes, signers = {}, {}
    for size in sorted(kept | set(chain.roots) - {0}):
        key = checkpoint_key(size)
        try:
            notes[size] = audit.store.get(key)
            signers[size] = _check_checkpoint(audit, chain, size, notes[size])
        except Error as error:
            answer.fail(f"{key}: {error}" if key not in str(error) else str(error))
    _check_sealers(audit, answer, signers)
    _check_hint(audit, answer, notes)
    _check_beaten(audit, chain, answer)
    answer.note(f"{chain.size} leaves in {len(chain.roots) - 1} batches, root {chain.root}")


def check_pins(audit: Audit, answer: Answer) -> None:
    """Step 5: the log still holds everything that each pin stands for."""
    if audit.chain is None or audit.info is None:
        answer.gap("the log cannot be read (steps 1 and 4)")
        return
    if not audit.pins:
        answer.gap("no pin was given; whoever holds the keys could have rewritten the whole log")
    for pin in audit.pins:
        try:
            check_pin(pin, audit.info.origin, audit.chain)
            answer.note(f"holds everything up to leaf {pin.size}")
        except Error as error:
            answer.fail(f"pin {pin.pin}: {error}")


def _check_versions(audit: Audit, answer: Answer, store: Versioned) -> None:
    """Name what lies over the objects; the log's own are left to step 4, which can tell a lost race from a forgery."""
    again = 0
    for one in store.surplus():
        again += one.alike
        if one.data is not None and not one.alike:
            audit.surplus.append(one)
        elif not one.alike:
            answer.fail(f"{one.key}: {one.what} lies over it; what was kept first is read")
    if again:
        answer.note(f"{again} objects were written again, with the same content")


def _check_beaten(audit: Audit, chain: Chain, answer: Answer) -> None:
    """Judge later versions of batches and checkpoints: a sealer that was beaten says nothing the log does not say."""
    for one in audit.surplus:
        try:
            size = parse_key(one.key).size
            if size is None or one.data is None:
                continue
            if one.key == checkpoint_key(size):
                _check_checkpoint(audit, chain, size, one.data)
            elif not set(load_batch(one.data, one.key)) <= set(chain.leaves[size:]):
                raise LogError("it has leaves that are not in the log")
        except Error as error:
            answer.fail(f"{one.key}: {one.what} lies over it: {error}")
        else:
            answer.note(f"{one.key}: a second sealer was a moment late; what it wrote says the same")


def _check_checkpoint(audit: Audit, chain: Chain, size: int, data: bytes) -> PublicKey:
    note = read_checkpoint(data)
    sealer = audit.authority_at(size).check_note(note)
    if note.checkpoint.size != size or note.checkpoint.root != chain.roots.get(size):
        raise LogError(
            f"says {note.checkpoint.size} leaves and {note.checkpoint.root}, the batches do not add up to it"
        )
    return sealer


def _check_sealers(audit: Audit, answer: Answer, signers: dict[int, PublicKey]) -> None:
    """
    Name the checkpoints by a sealer that was revoked since: the one that covers the revocation is another's.

    So the newest never is one of them, and it covers what they cover.
    """
    now = audit.authorities[-1][1]
    trusted = [size for size, key in signers.items() if not now.distrusts(key.id, Role.SEALER, size - 1)]
    distrusted = signers.keys() - set(trusted)
    if distrusted and trusted:
        covers = f"the one at {max(trusted)} covers them"
        answer.note(f"{len(distrusted)} checkpoints by a sealer that was revoked since; {covers}")


def _check_hint(audit: Audit, answer: Answer, notes: dict[int, bytes]) -> None:
    if not notes:
        return
    try:
        hint = audit.store.get(CHECKPOINT_HINT_KEY)
    except Error as error:
        answer.fail(f"{error}; `store check --repair` makes it again")
        return
    if hint not in notes.values():
        answer.fail(f"{CHECKPOINT_HINT_KEY}: not a copy of any checkpoint; `store check --repair` makes it again")
