// Who may sign what at each place in the log. A key begins and ends with the leaf after the root's word, or its spare's; what
// a revoked one signed from a leaf on is in the log and supports nothing, unless an owner's review lets it count.

class Keys {
  constructor(genesis) {
    this.root = fingerprint(publicKey(genesis.root));
    this.spare = genesis.spare === undefined ? null : fingerprint(publicKey(genesis.spare));
    this.grants = [];
    this.adopted = []; // of { digest, owner, from }
    for (const line of new Set([genesis.root, genesis.spare].filter(Boolean))) this.add(publicKey(line), "root", 0);
  }

  add(key, role, start) {
    this.grants.push({ id: fingerprint(key), key, role, start, end: Infinity, distrust: Infinity, known: Infinity });
  }

  of(id, role) {
    return this.grants.filter((grant) => grant.id === id && grant.role === role);
  }

  inForce(id, role, index) {
    return this.of(id, role).find((grant) => grant.start <= index && index < grant.end);
  }

  // Return the grant under which a statement was signed: one in force, or one that ended if an owner adopted the statement.
  signer(id, kind, index, digest) {
    const role = ROLE_OF[kind];
    const adoptable = !["genesis", "key", "review"].includes(kind) && this.adopts(digest, index);
    const ended = adoptable ? this.of(id, role).find((grant) => grant.end <= index) : undefined;
    return this.inForce(id, role, index) ?? ended ?? refuse(`${kind}: only the ${role} may sign it, which ${id} is not at leaf ${index}`);
  }

  // Tell whether an owner whose key is not known to be revoked at that leaf lets a statement count.
  adopts(digest, index) {
    const review = this.adopted.findLast((each) => each.digest === digest && each.from <= index);
    return review !== undefined && !this.of(review.owner, "owner").some((grant) => grant.known <= index);
  }

  // Tell whether what a key signed as a leaf does not count, as the log knows in the end.
  distrusts(id, role, index, digest = "") {
    return this.of(id, role).some((grant) => grant.distrust <= index) && !this.adopts(digest, Number.MAX_SAFE_INTEGER);
  }

  learn(kind, statement, index, signer) {
    if (kind === "review") {
      for (const { digest } of statement.subject.slice(1)) this.adopted.push({ digest: digest.sha256, owner: signer, from: index + 1 });
      return;
    }
    const { act, role, verify_key: line, distrust_from: distrust } = statement.predicate;
    const key = publicKey(line);
    const id = fingerprint(key);
    if (act === "grant") {
      need(role !== "root", "key: genesis alone names roots");
      need(this.of(id, role).every((grant) => index < grant.end), `key: ${id} was a ${role} before; what has ended is not begun again`);
      return this.add(key, role, index + 1);
    }
    const ending = this.of(id, role).filter((grant) => (act === "retire" ? index < grant.end : grant.known === Infinity));
    need(ending.length > 0, `key: ${id} is no ${role} that can be ended so`);
    const bySpare = act === "revoke" && id === this.root && signer === this.spare;
    need(role !== "root" || bySpare, "key: only the spare root can end a root, and only the other one");
    for (const grant of ending) {
      grant.end = Math.min(grant.end, index + 1);
      if (act === "revoke") Object.assign(grant, { distrust, known: index + 1 });
    }
  }
}
