// Time stamps (RFC 3161): each holds, leads to a CA that is trusted, and none that was stated in the log has gone.

const MAX_REPLY_BYTES = 64 * 2 ** 10;
const MAX_BROUGHT = 16; // most certificates a reply may bring
const CLOCKS_APART = 300e6; // by how much a part's time may leave its bracket: no two clocks are quite the same
const STAMP_INFO = "1.2.840.113549.1.9.16.1.4";
const ATTRIBUTE = {
  type: "1.2.840.113549.1.9.3", digest: "1.2.840.113549.1.9.4", ess: "1.2.840.113549.1.9.16.2.12", ess2: "1.2.840.113549.1.9.16.2.47",
};

const hashBy = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));

function hashNamed(algorithm) {
  const name = derName(derWithin(algorithm)[0]);
  return Object.hasOwn(HASH_NAMES, name) ? HASH_NAMES[name] : refuse("made with a digest that is not accepted");
}

function alone(found, what) {
  need(found.length === 1, `expected one ${what}`);
  return found[0];
}

// Read a reply; refuse one that was not granted, is not well-formed, or does not prove itself.
async function tokenOf(bytes) {
  need(bytes.length <= MAX_REPLY_BYTES, `a reply of more than ${MAX_REPLY_BYTES} bytes`);
  const [status, token, ...more] = derWithin(derOnly(bytes));
  need([0, 1].includes(derSmall(derWithin(status)[0])) && token && more.length === 0, "the authority refused");
  const [kind, held, ...besides] = derWithin(token);
  need(derName(kind) === "1.2.840.113549.1.7.2" && besides.length === 0, "not signed data (RFC 5652 §5)");
  const [version, , inner, ...rest] = derWithin(alone(derWithin(held, 0xa0), "content"));
  const [type, text, ...third] = derWithin(inner);
  need(derSmall(version) === 3 && derName(type) === STAMP_INFO && third.length === 0, "not a time stamp's content (RFC 3161 §2.4.2)");
  const info = derOctets(alone(derWithin(text, 0xa0), "content"));
  const brought = rest.filter((part) => part.tag === 0xa0).flatMap((part) => derWithin(part, 0xa0));
  need(brought.length > 0 && brought.length <= MAX_BROUGHT, `expected 1 to ${MAX_BROUGHT} certificates`);
  const readable = brought.flatMap(certificateOrNone);
  const signer = await signerOf(derWithin(alone(derWithin(rest.at(-1), 0x31), "signer")), info, readable);
  return { ...stampIn(derOnly(info)), signer, others: readable.filter((one) => !same(one.all, signer.all)) };
}

// Return a certificate that can be read; nothing but the signer's is signed for, and a chain needs what it needs.
function certificateOrNone(value) {
  try {
    return [certificateOf(value)];
  } catch {
    return [];
  }
}

// Return the signer's certificate, once its signature over what it says of the content holds (RFC 5652 §5.4).
async function signerOf([version, named, digest, attributes, algorithm, signature], info, brought) {
  need([1, 3].includes(derSmall(version)), "a signer of a version that is not known");
  const signer = alone(brought.filter(signerNamed(named)), "certificate of its signer");
  const name = hashNamed(digest);
  const said = signedAttributes(attributes);
  need(derName(said.get(ATTRIBUTE.type)) === STAMP_INFO, "signed as something other than a time stamp");
  need(same(derOctets(said.get(ATTRIBUTE.digest)), await hashBy(name, info)), "what it says was changed since it was signed");
  await checkBound(said, signer);
  const over = joined(Uint8Array.of(0x31), attributes.all.subarray(1));
  const holds = await provedBy(signer.key, schemeOf(algorithm, name), derOctets(signature), over);
  need(holds, "not signed by its certificate, or changed since");
  needKnown(signer);
  const purpose = signer.extensions.get(EXTENSION.purposes);
  const only = purpose?.critical && derWithin(derOnly(purpose.value)).map(derName).join() === STAMPING;
  need(only, "its certificate is not for time stamps, and for nothing else");
  need(mayDo(signer, 0xc0), "its certificate's key may not sign (RFC 5280 §4.2.1.3)");
  return signer;
}

function signerNamed(named) {
  if (named.tag === 0x80) {
    return ({ extensions }) => extensions.has("2.5.29.14") && same(derOctets(derOnly(extensions.get("2.5.29.14").value)), named.body);
  }
  const [issuer, serial] = derWithin(named);
  return (one) => same(one.issuer, issuer.all) && one.serial === hex(derNumber(serial));
}

// Return the signed attributes, each of one value (RFC 5816 §2.2.1).
function signedAttributes(value) {
  const found = new Map();
  for (const row of derWithin(value, 0xa0)) {
    const [kind, values] = derWithin(row);
    need(!found.has(derName(kind)), "an attribute stands twice");
    found.set(derName(kind), alone(derWithin(values, 0x31), "value of an attribute"));
  }
  const bound = found.has(ATTRIBUTE.ess) || found.has(ATTRIBUTE.ess2);
  need(found.has(ATTRIBUTE.type) && found.has(ATTRIBUTE.digest) && bound, "it does not sign for its content, digest and certificate");
  return found;
}

// The signed attributes name the certificate, so that no other with the same key takes its place (RFC 5035).
async function checkBound(said, signer) {
  const newer = said.has(ATTRIBUTE.ess2);
  const rows = derWithin(derWithin(derWithin(said.get(newer ? ATTRIBUTE.ess2 : ATTRIBUTE.ess))[0])[0]);
  const explicit = newer && rows[0].tag === 0x30;
  const name = explicit ? hashNamed(derOnly(rows[0].all)) : newer ? "SHA-256" : "SHA-1";
  need(same(derOctets(rows[explicit ? 1 : 0]), await hashBy(name, signer.all)), "signed for another certificate");
}

// Read what a token says (RFC 3161 §2.4.2), times in microseconds.
function stampIn(info) {
  const [version, policy, imprint, serial, moment, ...rest] = derWithin(info);
  const [algorithm, digest] = derWithin(imprint);
  need(derSmall(version) === 1 && hashNamed(algorithm) === "SHA-256", "not a time stamp of version 1 over a SHA-256");
  derName(policy);
  derNumber(serial);
  let accuracy = 0;
  for (const one of rest) {
    need([0x30, 0x02, 0x01, 0xa0].includes(one.tag), "it says more than is understood");
    if (one.tag === 0x30) accuracy = accuracyOf(one);
    if (one.tag === 0x02) derNumber(one);
  }
  need(moment.tag === 0x18, "not a time as a token has it");
  return { time: derTime(moment), accuracy, imprint: derOctets(digest) };
}

function accuracyOf(value) {
  const found = new Map();
  for (const { tag, body } of derWithin(value)) {
    const unit = { 2: 1e6, 128: 1e3, 129: 1 }[tag];
    need(unit && body.length > 0 && body.length <= 4, "an accuracy that is not understood");
    found.set(tag, body.reduce((all, byte) => all * 256 + byte, 0) * unit);
  }
  return [...found.values()].reduce((sum_, each) => sum_ + each, 0);
}

// Check every time stamp, and that none that was stated in the log has gone; return those that hold, by digest.
async function checkStamps(found, say) {
  const anchors = countingOf(found, "anchor");
  const paths = found.bundle.below(`${LOG}tsr/`);
  const sizeOf = (path) => Number(path.split("/")[3]);
  const trust = { roots: found.asked.authorities, between: [], lists: [], gaps: new Set() };
  const each = (key) => [...new Map(anchors.flatMap(({ says }) => says[key]).map((row) => [row.blob, row])).values()];
  for (const row of each("certificates")) {
    // What is wrong with an artefact, another step says; a chain that needed it is then missing.
    trust.between.push(...(await keptArtefact(found, row, MAX_PEM_BYTES).then(certificatesFrom).catch(() => [])));
  }
  for (const row of each("crls")) {
    try {
      trust.lists.push(revocationsOf(await keptArtefact(found, row, MAX_CRL_BYTES)));
    } catch (error) {
      say.fail(`revocation list ${row.blob}: ${error.message}`);
    }
  }
  const roots = found.rootsAt([...paths.map(sizeOf), ...anchors.map(({ says }) => says.size)]);
  const [holding, there] = [new Map(), new Set()];
  for (const path of paths) {
    try {
      const bytes = await found.bundle.read(path, MAX_REPLY_BYTES);
      const digest = `sha256:${path.slice(-68, -4)}`;
      need(`sha256:${digestOf(bytes)}` === digest, "its bytes have another digest");
      there.add(digest);
      holding.set(digest, await heldStamp(found, trust, { size: sizeOf(path), root: roots.get(sizeOf(path)), bytes }));
    } catch (error) {
      say.fail(`${path}: ${error.message}`);
    }
  }
  for (const { index, says } of anchors.filter((one) => found.before <= one.says.size && one.says.size <= found.size)) {
    if (roots.get(says.size) !== says.root || says.size > index) say.fail(`leaf ${index}: anchor: of a log at ${says.size} leaves that is not this`);
    for (const { token } of says.tokens) if (!there.has(token)) say.fail(`leaf ${index}: anchor: the time stamp ${token} is missing`);
  }
  for (const why of trust.gaps) say.gap(why);
  return holding;
}

async function keptArtefact(found, { blob, bytes: length }, most) {
  need(length <= most, `${blob}: more than is read`);
  const bytes = await found.bundle.read(`data/blobs/${bare(blob)}`, most);
  need(bytes.length === length && digestOf(bytes) === bare(blob), `${blob}: not the artefact it is named after`);
  return bytes;
}

// Return the token in a reply over the checkpoint of a size, which is this log's.
async function heldStamp(found, trust, { size, root, bytes }) {
  const own = { [found.before]: "previous-checkpoint", [found.size]: "checkpoint" }[size];
  const name = `${LOG}${own ?? `checkpoints/${String(size).padStart(12, "0")}`}`;
  const file = await found.bundle.read(name, MAX_NOTE_BYTES);
  const note = checkpointOf(file, name);
  need(note.size === size && note.root === root, `over a log at ${size} leaves that is not this`);
  const token = await tokenOf(bytes);
  need(hex(token.imprint) === digestOf(file), "the imprint is of something else");
  const who = namedIn(token.signer);
  if (trust.roots.length === 0) trust.gaps.add(`whether ${who} is to be trusted with the time: choose its CA's certificate`);
  else {
    const listed = await checkTrust(trust, token.signer, token.others, token.time);
    if (!listed) trust.gaps.add(`whether the certificate of ${who} was revoked: no revocation list was kept`);
    found.bounds.push({ size, what: `a time stamp by ${who}`, at: Math.floor(token.time / 1e6) });
  }
  return { size, ...token };
}

// Say what time stamps there are, and which parts say a time outside their bracket.
function sayTimes(found, say, holding) {
  if (holding.size === 0) return say.gap("when it was made: the log has no time stamp (RFC 3161); times are its writers' word");
  const stamps = [...holding.values()];
  say.note(`${stamps.length} time stamps, the newest over ${stamps.reduce((most, stamp) => Math.max(most, stamp.size), 0)} leaves`);
  const stated = countingOf(found, "anchor").flatMap(({ index, says }) =>
    says.tokens.filter(({ token }) => holding.has(token)).map(({ token }) => ({ index, ...holding.get(token) })));
  for (const { index, says } of countingOf(found, "part")) {
    const upper = stamps.filter((stamp) => stamp.size > index).reduce((least, stamp) => Math.min(least, stamp.time + stamp.accuracy), Infinity);
    const knew = says.after?.size ?? 0;
    const lower = stated.filter((stamp) => stamp.index < knew).reduce((most, stamp) => Math.max(most, stamp.time - stamp.accuracy), -Infinity);
    const [ended, words] = [seconds(says.ended) * 1e6, `leaf ${index}: clock-suspect: a part says it ended at ${says.ended}`];
    if (ended > upper + CLOCKS_APART) say.gap(`${words}, and was time-stamped at ${utc(Math.floor(upper / 1e6))}`);
    if (ended < lower - CLOCKS_APART) say.gap(`${words}, and knew a time stamp of ${utc(Math.floor(lower / 1e6))}`);
  }
}
