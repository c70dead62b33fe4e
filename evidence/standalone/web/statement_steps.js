// Steps 7, 8, 9 and 11: statements, what they refer to, artefacts, anchors.

const EVIDENCE = "data/evidence/";
const BLOBS = "data/blobs/";

async function checkStatements(found, say) {
  if (!found.places || !found.keys) return say.gap(UNREADABLE);
  const here = new Set();
  const disowned = [];
  for (const { path, digest, index } of inTheLog(found, say)) {
    here.add(digest);
    try {
      const bytes = await found.bundle.read(path, MAX_STATEMENT_BYTES);
      need(`sha256:${digestOf(bytes)}` === digest, "the bytes there have another digest");
      need(!found.refused.has(path), found.refused.get(path));
      const { kind, statement, signer } = await openStatement(found, bytes, index);
      if (kind === null) {
        say.gap(`${path}: of a kind this page does not know`);
        continue;
      }
      need(kind === found.places.get(digest).kind, `a statement of the kind ${kind}`);
      const counts = !found.keys.distrusts(signer, ROLE_OF[kind], index, bare(digest));
      if (!counts) disowned.push(kind);
      found.supplied.push({ kind, index, digest, counts, plan: `sha256:${statement.subject[0].digest.sha256}`, about: statement.subject.slice(1).map((one) => `sha256:${one.digest.sha256}`), says: statement.predicate });
      for (const [blob, length] of blobsOf(kind, statement.predicate)) {
        if (found.blobs.has(blob) && found.blobs.get(blob) !== length) say.fail(`${path}: says another length of ${blob} than another does`);
        found.blobs.set(blob, length);
      }
    } catch (error) {
      say.fail(`${path}: ${error.message}`);
    }
  }
  for (const leaf of found.leaves) {
    if (!here.has(leaf.statement)) found.withheld.set(leaf.kind, (found.withheld.get(leaf.kind) ?? 0) + 1);
  }
  if (disowned.length > 0) say.gap(`${disowned.length} statements by keys that were revoked since support nothing: ${sorted(disowned).join(", ")}`);
  const total = [...found.withheld.values()].reduce((sum, count) => sum + count, 0);
  const kinds = sorted(found.withheld.keys()).map((kind) => `${found.withheld.get(kind)} ${kind}`);
  if (total > 0) say.gap(`${total} statements are in the log and withheld: ${kinds.join(", ")}`);
  if (found.info.get("Plantproof-Withheld") !== String(total)) say.fail(`${BAG_INFO}: says otherwise of how many are withheld`);
  say.note(`${here.size} statements, ${found.leaves.length} leaves`);
}

function inTheLog(found, say) {
  const paths = found.bundle.below("data/statements/");
  const lost = (path) => {
    const place = found.places.get(statementDigest(path));
    return place === undefined || path.split("/")[2] !== place.kind;
  };
  for (const path of paths.filter(lost)) say.fail(`${path}: not where a statement lies, or not shown to be in the log`);
  return sorted(new Set(paths.filter((path) => !lost(path)).map((path) => path.split("/")[2])))
    .flatMap((kind) => suppliedOf(found, kind))
    .sort((one, other) => one.index - other.index);
}

// Return the supplied statements of a kind but those whose key was revoked since.
const countingOf = (found, kind) => found.supplied.filter((one) => one.kind === kind && one.counts);

async function checkLinks(found, say) {
  if (!found.places || !found.keys) return say.gap(UNREADABLE);
  const plans = new Map();
  for (const { kind, index, says } of found.supplied) if (kind === "plan" && !plans.has(says.blob)) plans.set(says.blob, index);
  const knew = [];
  for (const { kind, index, plan, says, counts } of found.supplied) {
    if (kind !== "plan" && !Object.hasOwn(OTHER_FIRST_SUBJECT, kind)) {
      if (!plans.has(plan)) say.fail(`leaf ${index}: ${kind}: its plan is not here`);
      else if (plans.get(plan) >= index) say.fail(`leaf ${index}: ${kind}: its plan was not logged before it`);
    }
    if (!counts) continue;
    for (const previous of kind === "part" ? says.previous : []) {
      if (!found.places.has(previous)) say.fail(`leaf ${index}: refers to ${previous}, which is not shown`);
    }
    if (kind === "part" && says.after !== null) knew.push({ index, ...says.after });
    if (["export", "findings", "erasure"].includes(kind)) knew.push({ index, size: says.size, root: says.root });
  }
  const roots = found.rootsAt(knew.map((one) => one.size));
  for (const { index, size, root } of knew) {
    if (size > index || (roots.has(size) && roots.get(size) !== root)) say.fail(`leaf ${index}: knew a log at ${size} leaves that is not this`);
    else if (!roots.has(size)) say.gap(`leaf ${index}: knew the log at ${size} leaves, before this bundle's`);
  }
  found.erased = erasedOf(found, say);
  say.note(`${found.supplied.filter(({ kind }) => kind === "part").length} parts, ${plans.size} plans`);
}

async function checkArtefacts(found, say) {
  if (!found.places || !found.keys) return say.gap(UNREADABLE);
  const named = new Set();
  const answers = new Set();
  for (const capture of countingOf(found, "part").flatMap(({ says }) => says.captures)) {
    const digest = bare(capture.blob);
    const stem = `${EVIDENCE}${shorten(capture.asset, 60)}/${capture.at.slice(0, 10)}/${shorten(capture.question, 40)}`;
    named.add(`${stem}.txt ${digest}`).add(`${stem}-${digest.slice(0, 8)}.txt ${digest}`);
    answers.add(digest);
  }
  const supplied = new Set();
  for (const [path, digest] of found.manifest) {
    if (path.startsWith(EVIDENCE)) {
      supplied.add(digest);
      if (!named.has(`${path} ${digest}`)) say.fail(`${path}: no statement here names it for that asset, day and question`);
    } else if (path.startsWith(BLOBS) && !(path === BLOBS + digest && found.blobs.has(`sha256:${digest}`))) {
      say.fail(`${path}: no statement here names it`);
    }
    if (!path.startsWith(EVIDENCE) && !path.startsWith(BLOBS)) continue;
    const [gone, length, there] = [found.erased.get(`sha256:${digest}`), found.blobs.get(`sha256:${digest}`), found.bundle.entries.get(path)];
    if (gone) say.fail(`${path}: is here, and was ${gone.told}`);
    if (there && length !== undefined && length !== there.size) say.fail(`${path}: has ${there.size} bytes, and was said to have ${length}`);
  }
  const erased = sorted([...answers].filter((digest) => found.erased.has(`sha256:${digest}`)));
  for (const digest of erased) say.gap(`${digest}: ${found.erased.get(`sha256:${digest}`).told}`);
  const missing = [...answers].filter((digest) => !supplied.has(digest) && !found.erased.has(`sha256:${digest}`)).length;
  if (missing > 0) say.gap(`${missing} answers that the statements name are withheld`);
  await checkFindings(found, say);
  say.note(`${answers.size - missing - erased.length} different answers, ${erased.length} erased`);
}

async function checkAnchors(found, say) {
  if (found.places) {
    const holding = await checkStamps(found, say);
    await checkCosignatures(found, say);
    sayTimes(found, say, holding);
    sayBounds(found, say);
  }
  say.gap(
    "whether report.html, assets.csv, evidence.csv and conduct.csv say what the statements say, and whether" +
      " requirements have these titles and frameworks' ids: the sealer made and signed them",
  );
}
