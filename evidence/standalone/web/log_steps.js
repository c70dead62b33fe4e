// Steps 1 to 6: the files, the log, whose it is, who signed it, and pins.

const DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"; // RFC 8493 §2.1.1
const LOG = "data/log/";
const MAX_LEAVES_BYTES = 128 * 2 ** 20; // a million leaves of about 110 bytes
const MAX_EARLIER = 10000;
const MAX_FRONTIER = 40;
const LEAF_LINE = /^\{"kind":"([a-z]{1,32})","statement":"(sha256:[0-9a-f]{64})"\}$/;
const EARLIER = listOf(record({ index: whole(), kind: like(/^[a-z]{1,32}$/), path: listOf(like(/^[0-9a-f]{64}$/)), statement: isDigest }), MAX_EARLIER);
// Where checkpoints besides the two, time stamps and cosignatures lie, by the size of the log they are over.
const OUTSIDE = ["checkpoints/", "tsr/", "cosig/"];
const KEPT = /^data\/log\/(checkpoints\/[0-9]{12}|tsr\/[0-9]{12}\/[0-9a-f]{64}\.tsr|cosig\/[0-9]{12}\/[0-9a-f]{8}-[0-9]{8}t[0-9]{6}z)$/;
const UNREADABLE = "the log (step 2) or who may sign (step 3) is unknown";

const leafLine = (kind, statement) => `{"kind":"${kind}","statement":"${statement}"}`;

async function checkBag(found, say) {
  const { bundle } = found;
  const digests = await bundle.digests(found.tell);
  for (const name of [...TAG_FILES].filter((tag) => tag !== SIGNATURE)) need(bundle.has(name), `${name}: missing`);
  if ((await bundle.text(BAGIT, MAX_TAG_BYTES)) !== DECLARATION) say.fail(`${BAGIT}: not the declaration of a bag of version 1.0`);
  const tags = manifest(await bundle.text(TAGMANIFEST, MAX_TAG_BYTES), TAGMANIFEST);
  const listed = [BAG_INFO, BAGIT, MANIFEST];
  const whole = tags.size === listed.length && listed.every((name) => tags.get(name) === digests.get(name));
  if (!whole) say.fail(`${TAGMANIFEST}: does not fit the files it must list, and only those`);
  found.manifest = manifest(await bundle.text(MANIFEST, MAX_TAG_BYTES), MANIFEST);
  found.info = bagInfo(await bundle.text(BAG_INFO, MAX_TAG_BYTES));
  const payload = [...digests.keys()].filter((path) => !TAG_FILES.has(path));
  for (const path of payload) {
    if (!found.manifest.has(path)) say.fail(`${path}: is there, and not listed`);
    else if (found.manifest.get(path) !== digests.get(path)) say.fail(`${path}: changed`);
  }
  for (const path of found.manifest.keys()) if (!digests.has(path)) say.fail(`${path}: listed, and missing`);
  const bytes = payload.reduce((sum, path) => sum + bundle.entries.get(path).size, 0);
  const oxum = `${bytes}.${payload.length}`;
  if (found.info.get("Payload-Oxum") !== oxum) say.fail(`${BAG_INFO}: Payload-Oxum is not ${oxum}`);
  say.note(`${payload.length} files, ${bytes} bytes; ${found.info.get("External-Description") ?? ""}`);
}

async function checkLog(found, say) {
  const { bundle } = found;
  const names = { current: `${LOG}checkpoint`, previous: `${LOG}previous-checkpoint` };
  found.current = checkpointOf(await bundle.read(names.current, MAX_NOTE_BYTES), names.current);
  if (bundle.has(names.previous)) found.previous = checkpointOf(await bundle.read(names.previous, MAX_NOTE_BYTES), names.previous);
  const misplaced = OUTSIDE.flatMap((folder) => bundle.below(LOG + folder)).find((path) => !KEPT.test(path));
  need(misplaced === undefined, `${misplaced}: not where such a thing lies`);
  const before = found.previous?.size ?? 0;
  const leaves = await readLeaves(bundle);
  const frontier = await readFrontier(bundle, before);
  const size = before + leaves.length;
  const rootsAt = (sizes) => rootsOf(frontier, before, leaves, sizes);
  const roots = rootsAt([before, size]);
  need(size === found.current.size && roots.get(size) === found.current.root, "the leaves do not add up to the checkpoint");
  const alike = !found.previous || (before > 0 && found.previous.origin === found.current.origin && roots.get(before) === found.previous.root);
  need(alike, "the frontier does not add up to the earlier checkpoint");
  const places = new Map(leaves.map((leaf, at) => [leaf.statement, { index: before + at, kind: leaf.kind }]));
  const earlier = await readEarlier(bundle, found.previous);
  for (const row of earlier) places.set(row.statement, { index: row.index, kind: row.kind });
  need(places.size === leaves.length + earlier.length, "the log: a statement stands twice");
  Object.assign(found, { leaves, before, size, rootsAt, places });
  if (found.info.get("Plantproof-Log") !== `${before} ${size}`) say.fail(`${BAG_INFO}: names other leaves`);
  say.note(`${leaves.length} leaves, from ${before} to ${size}; ${earlier.length} from before`);
}

// Return the root at each of these sizes that lies within the bundle, recomputed.
function rootsOf(frontier, before, leaves, sizes) {
  const [edge, wanted, roots] = [[...frontier], new Set(sizes), new Map()];
  for (let at = 0; at <= leaves.length; at += 1) {
    if (wanted.has(before + at)) roots.set(before + at, rootOf(edge));
    if (at < leaves.length) grow(edge, before + at, leafLine(leaves[at].kind, leaves[at].statement));
  }
  return roots;
}

async function readLeaves(bundle) {
  return linesOf(await bundle.text(`${LOG}leaves`, MAX_LEAVES_BYTES), `${LOG}leaves`).map((line) => {
    const match = LEAF_LINE.exec(line) ?? refuse(`${LOG}leaves: not a leaf: ${line.slice(0, 80)}`);
    return { kind: match[1], statement: match[2] };
  });
}

async function readFrontier(bundle, size) {
  const name = `${LOG}frontier`;
  if (!bundle.has(name)) {
    need(size === 0, `${name}: missing`);
    return [];
  }
  const lines = linesOf(await bundle.text(name, MAX_LEAVES_BYTES), name);
  need(lines.length <= MAX_FRONTIER && lines.length === subtrees(size), `${name}: expected ${subtrees(size)} hashes, found ${lines.length}`);
  need(lines.every((line) => /^[0-9a-f]{64}$/.test(line)), `${name}: expected hashes of 64 digits`);
  return lines.map(unhex);
}

async function readEarlier(bundle, previous) {
  const name = `${LOG}earlier`;
  if (!bundle.has(name)) return [];
  const rows = canonical(await bundle.read(name, MAX_LEAVES_BYTES));
  need(inShape(rows, EARLIER) && rows.length > 0, `${name}: expected a list of statements`);
  need(rows.every((row, at) => at === 0 || rows[at - 1].index < row.index), `${name}: expected statements in order`);
  need(previous, `${name}: statements from before the log's first leaf`);
  for (const row of rows) {
    const root = rootAlong(row.path.map(unhex), leafLine(row.kind, row.statement), row.index, previous.size);
    need(root === previous.root, `${name}: ${row.statement} was not leaf ${row.index} of the earlier log`);
  }
  return rows;
}

async function checkGenesis(found, say) {
  if (!found.current) return say.gap("whose log it is, is unknown (step 2)");
  const paths = found.bundle.below("data/statements/genesis/");
  need(paths.length === 1, `expected one genesis, found ${paths.length}`);
  const bytes = await found.bundle.read(paths[0], MAX_STATEMENT_BYTES);
  const { statement, ...envelope } = envelopeOf(bytes);
  need(kindOf(statement) === "genesis", "genesis: a statement of another kind");
  const { domain, owner, root } = statement.predicate;
  const key = publicKey(root);
  need(envelope.keyid === fingerprint(key), "genesis: not signed by the root key it names");
  need(await signed(key, envelope.signature, envelope.message), "genesis: the signature does not fit");
  const digest = digestOf(bytes);
  const origin = `${domain}/${shorten(owner, 100)}/${digest.slice(0, 16)}`;
  need(origin === found.current.origin, `genesis makes the log ${origin}, the checkpoint is of ${found.current.origin}`);
  const place = found.places?.get(`sha256:${digest}`);
  if (found.places && !(place?.index === 0 && place.kind === "genesis")) say.fail("genesis is not shown to be the first leaf");
  found.origin = origin;
  found.genesis = digest;
  found.keys = new Keys(statement.predicate);
  if (found.asked.root === null) say.gap(`whether ${fingerprint(key)} is the owner's root key: paste the one you trust`);
  else if (found.asked.root !== fingerprint(key)) say.fail(`the root key is ${fingerprint(key)}, the trusted one is ${found.asked.root}`);
  else say.note(`evidence of ${owner}; root key ${fingerprint(key)}, the trusted one`);
}

async function checkKeys(found, say) {
  if (!found.places || !found.keys) return say.gap("the log (step 2) or its root key (step 3) is unknown");
  const said = suppliedOf(found, "key");
  const here = new Set(said.map(({ digest }) => digest));
  for (const [digest, { index, kind }] of found.places) {
    if (kind === "key" && !here.has(digest)) say.fail(`leaf ${index}: what was said of a key is withheld`);
  }
  for (const { index, path } of [...said, ...suppliedOf(found, "review")].sort((a, b) => a.index - b.index)) {
    try {
      const { kind, statement, signer } = await openStatement(found, await found.bundle.read(path, MAX_STATEMENT_BYTES), index);
      found.keys.learn(kind, statement, index, signer);
    } catch (error) {
      found.refused.set(path, error.message);
      say.fail(`${path}: ${error.message}`);
    }
  }
  const ids = new Set(found.keys.grants.map((grant) => grant.id));
  say.note(`${ids.size} keys: ${sorted(new Set(found.keys.grants.map((grant) => grant.role))).join(", ")}`);
}

// Return the statements of a kind that are here and that the log is shown to hold as such, in the log's order.
function suppliedOf(found, kind) {
  return found.bundle
    .below(`data/statements/${kind}/`)
    .map((path) => ({ path, digest: statementDigest(path) }))
    .filter(({ digest }) => digest !== null && found.places.get(digest)?.kind === kind)
    .map((each) => ({ ...each, index: found.places.get(each.digest).index }))
    .sort((one, other) => one.index - other.index);
}

function statementDigest(path) {
  const match = /^data\/statements\/[a-z]+\/([0-9a-f]{64})\.dsse\.json$/.exec(path);
  return match ? `sha256:${match[1]}` : null;
}

// Return the statement in an envelope, if a key that had the role for it at this place of the log signed it for this log.
async function openStatement(found, bytes, index) {
  const { statement, keyid, signature, message } = envelopeOf(bytes);
  const kind = kindOf(statement);
  if (kind === null) return { kind, statement, signer: keyid };
  const grant = found.keys.signer(keyid, kind, index, digestOf(bytes));
  need(await signed(grant.key, signature, message), `${kind}: the signature does not fit`);
  if (kind === "genesis") need(digestOf(bytes) === found.genesis, "a second genesis");
  else need(statement.predicate.log === found.origin, `${kind}: made for the log ${statement.predicate.log}, this one is ${found.origin}`);
  return { kind, statement, signer: keyid };
}

async function checkSignatures(found, say) {
  if (!found.places || !found.keys) return say.gap("who may have signed is unknown (steps 2 to 4)");
  const last = await checkNote(found, found.current);
  need(!found.keys.distrusts(last.id, "sealer", found.size - 1), `the newest checkpoint: signed by ${last.id}, which was revoked`);
  if (found.previous) await checkNote(found, found.previous);
  const sizes = found.bundle.below(LOG).filter((path) => KEPT.test(path)).map((path) => Number(path.split("/")[3]));
  for (const [size, root] of found.rootsAt(sizes)) {
    if (size === found.before || size === found.size) continue;
    const name = `${LOG}checkpoints/${String(size).padStart(12, "0")}`;
    const note = checkpointOf(await found.bundle.read(name, MAX_NOTE_BYTES), name);
    await checkNote(found, { ...note, size });
    need(note.size === size && note.root === root, `${name}: the leaves do not add up to it`);
  }
  const text = textOf(await found.bundle.read(SIGNATURE, 4096));
  const { key, signature, message } = await sshSignature(text, await found.bundle.read(TAGMANIFEST, MAX_TAG_BYTES));
  const sealer = found.keys.inForce(fingerprint(key), "sealer", found.size);
  need(sealer, `${SIGNATURE}: ${fingerprint(key)} is no sealer of this log`);
  need(await signed(key, signature, message), `${SIGNATURE}: does not fit the tag manifest`);
  const allowed = found.asked.signers;
  need(allowed === null || allowed.includes(sealer.id), `${SIGNATURE}: ${sealer.id} is none of your allowed signers`);
  say.note(`signed by the sealer ${sealer.id}${allowed === null ? "" : ", one of your allowed signers"}`);
}

// Return the sealer who signed a checkpoint.
async function checkNote(found, note) {
  need(note.origin === found.origin, `the checkpoint of ${note.size} leaves: made for the log ${note.origin}`);
  const named = (key) => same(hashOf(utf8(`${note.origin}\n`), Uint8Array.of(1), key).subarray(0, 4), note.keyHash);
  const sealers = found.keys.grants.filter((one) => one.role === "sealer" && one.start <= note.size && note.size < one.end);
  const sealer = sealers.find((one) => named(one.key));
  need(sealer, `the checkpoint of ${note.size} leaves: only the sealer may sign it; the key is no sealer's of this log`);
  need(await signed(sealer.key, note.signature, note.text), `the checkpoint of ${note.size} leaves: the signature does not fit`);
  return sealer;
}

async function checkPins(found, say) {
  if (!found.places) return say.gap("the log cannot be read (step 2)");
  if (found.asked.pins.length === 0) say.gap("no pin was given; whoever holds the keys could have rewritten the whole log");
  const roots = found.rootsAt(found.asked.pins.map((pin) => pin.size));
  for (const { origin, size, root } of found.asked.pins) {
    if (origin !== found.current.origin) say.fail(`pin at ${size}: of the log ${origin}, this is ${found.current.origin}`);
    else if (!roots.has(size)) say.gap(`pin at ${size}: the bundle's leaves lead from ${found.before} to ${found.size}`);
    else if (roots.get(size) !== root) say.fail(`pin at ${size}: the log was another one at that size`);
    else {
      found.bounds.push({ size, what: "a pin", at: null });
      say.note(`holds everything up to leaf ${size}`);
    }
  }
}
