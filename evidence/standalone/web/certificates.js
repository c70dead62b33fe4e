// Keys, certificates and revocation lists (RFC 5280), as far as a time stamp's authority is judged by them.

const MAX_CHAIN = 8; // longest chain, the authority's own certificate included
const MAX_PEM_BYTES = 2 ** 20;
const MAX_CRL_BYTES = 4 * 2 ** 20;
const MAX_REVOKED = 200000;
const MAX_RSA_BITS = 16384; // as OpenSSL has it
const STAYS_VALID = [0, 3, 4, 5]; // reasons after which tokens from before stay valid (RFC 3161 §4, RFC 5280 §5.3.1)

const EXTENSION = { usage: "2.5.29.15", basic: "2.5.29.19", policies: "2.5.29.32", purposes: "2.5.29.37" };
// What may be critical: what is looked at, and policies, since every policy will do (RFC 5280 §6.1.1 (c)).
const PROCESSED = Object.values(EXTENSION);
const STAMPING = "1.3.6.1.5.5.7.3.8";
const ANY_PURPOSE = "2.5.29.37.0";

const HASH_NAMES = {
  "2.16.840.1.101.3.4.2.1": "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const RSA_KEY = "1.2.840.113549.1.1.1";
const RSA_PSS = "1.2.840.113549.1.1.10";
const SIGNED_BY = {
  "1.2.840.113549.1.1.11": "SHA-256", "1.2.840.113549.1.1.12": "SHA-384", "1.2.840.113549.1.1.13": "SHA-512",
  "1.2.840.10045.4.3.2": "SHA-256", "1.2.840.10045.4.3.3": "SHA-384", "1.2.840.10045.4.3.4": "SHA-512",
};
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48] };

const base64Url = (bytes) => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const unsigned = (body) => (body[0] === 0 && body.length > 1 ? body.subarray(1) : body);

// Return a hash's name, and the salt's length of RSASSA-PSS, or null; plain RSA takes the hash `otherwise`.
function schemeOf(algorithm, otherwise = null) {
  const [name, parameters] = derWithin(algorithm);
  if (derName(name) !== RSA_PSS) {
    const hash = SIGNED_BY[derName(name)] ?? (derName(name) === RSA_KEY ? otherwise : null);
    return { hash: hash ?? refuse("an unknown signature"), salt: null };
  }
  const rows = new Map(derWithin(parameters).map((row) => [row.tag, derOnly(row.body)]));
  need([...rows.keys()].every((tag) => tag >= 0xa0 && tag <= 0xa3) && [0xa0, 0xa1, 0xa2].every((tag) => rows.has(tag)), "PSS: an unknown hash");
  const [mask, of] = derWithin(rows.get(0xa1));
  const [hash, other] = [rows.get(0xa0), of].map((row) => derName(derWithin(row)[0]));
  need(derName(mask) === "1.2.840.113549.1.1.8" && hash === other && Object.hasOwn(HASH_NAMES, hash), "PSS: an unknown hash");
  const salt = derSmall(rows.get(0xa2));
  need(salt >= 0 && salt <= 64 && (!rows.has(0xa3) || derSmall(rows.get(0xa3)) === 1), "PSS: an unknown salt or trailer");
  return { hash: HASH_NAMES[hash], salt };
}

// Read a key that is accepted: RSA of 2048 bits or more, ECDSA on P-256 or P-384; as the browser imports it.
function acceptedKey(info) {
  const [algorithm, key] = derWithin(info);
  const [kind, curve] = derWithin(algorithm);
  if ([RSA_KEY, RSA_PSS].includes(derName(kind))) {
    const [n, e] = derWithin(derOnly(derBits(key))).map((value) => derNumber(value, MAX_RSA_BITS / 8 + 1));
    need(n[0] < 0x80 && e[0] < 0x80, "an RSA key that is not accepted");
    const bits = unsigned(n).length * 8 - Math.clz32(unsigned(n)[0]) + 24;
    const exponent = unsigned(e).length <= 5 ? Number(`0x${hex(unsigned(e))}`) : Infinity;
    need(bits >= 2048 && bits <= MAX_RSA_BITS && exponent > 2 && exponent < 2 ** 33 && exponent % 2 === 1, "an RSA key that is not accepted");
    return { kty: "RSA", n: base64Url(unsigned(n)), e: base64Url(unsigned(e)) };
  }
  need(derName(kind) === "1.2.840.10045.2.1" && Object.hasOwn(CURVES, derName(curve)), "a key of a kind that is not accepted");
  const [crv, size] = CURVES[derName(curve)];
  const place = derBits(key);
  need(place.length === 2 * size + 1 && place[0] === 4, "a point that is not written in full");
  return { kty: "EC", crv, size, x: base64Url(place.subarray(1, size + 1)), y: base64Url(place.subarray(size + 1)) };
}

// Tell whether a signature was made by the other half of a key; throws for a key that is not accepted.
async function provedBy(info, { hash, salt }, signature, message) {
  const { size, ...jwk } = acceptedKey(info);
  const plain = salt === null ? { name: "RSASSA-PKCS1-v1_5", hash } : { name: "RSA-PSS", hash, saltLength: salt };
  const how = jwk.kty === "RSA" ? plain : { name: "ECDSA", namedCurve: jwk.crv, hash };
  const key = await crypto.subtle.importKey("jwk", jwk, how, false, ["verify"]);
  if (jwk.kty === "RSA") return crypto.subtle.verify(how, key, signature, message);
  if (salt !== null) return false;
  const halves = derWithin(derOnly(signature)).map((value) => unsigned(derNumber(value)));
  if (halves.length !== 2 || halves.some((half) => half.length > size)) return false;
  const made = joined(...halves.flatMap((half) => [new Uint8Array(size - half.length), half]));
  return crypto.subtle.verify(how, key, made, message);
}

function signedThing(value) {
  const [said, how, signature, ...more] = derWithin(value);
  need(more.length === 0, "expected what is signed, an algorithm and a signature");
  return { all: value.all, said, how, signature: derBits(signature) };
}

async function signedBy(thing, issuer) {
  try {
    return await provedBy(issuer.key, schemeOf(thing.how), thing.signature, thing.said.all);
  } catch {
    return false;
  }
}

function extensionsOf(value) {
  const found = new Map();
  for (const row of derWithin(value)) {
    const parts = derWithin(row);
    const name = derName(parts[0]);
    need((parts.length === 2 || parts.length === 3) && !found.has(name), "an extension stands twice");
    const critical = parts.length === 3;
    need(!critical || hex(derBody(parts[1], 0x01)) === "ff", "critical, and not written the one way");
    found.set(name, { critical, value: derOctets(parts.at(-1)) });
  }
  return found;
}

// Return what an extension says, or undefined where there is none of that name.
const saidIn = ({ extensions }, name) => (extensions.has(name) ? derOnly(extensions.get(name).value) : undefined);

// Refuse a certificate that says critically what is not known (RFC 5280 §4.2).
function needKnown({ extensions }) {
  const unknown = [...extensions].find(([name, { critical }]) => critical && !PROCESSED.includes(name));
  need(!unknown, `a certificate with the critical extension ${unknown?.[0]}, which is not known`);
}

// Tell whether a certificate's key may be used for one of these things, or nothing is said of its use.
function mayDo(certificate, what) {
  const usage = saidIn(certificate, EXTENSION.usage);
  return usage === undefined || (derBody(usage, 0x03)[1] & what) !== 0;
}

// Read a certificate of version 3 (RFC 5280 §4.1).
function certificateOf(value) {
  const thing = signedThing(value);
  const [version, serial, how, issuer, life, subject, key, ...rest] = derWithin(thing.said);
  need(version.tag === 0xa0 && derSmall(derOnly(version.body)) === 2, "not a certificate of version 3");
  need(same(how.all, thing.how.all), "a certificate that names two algorithms");
  const [begin, end] = derWithin(life).map(derTime);
  const last = rest.find((one) => one.tag === 0xa3);
  const said = { serial: hex(derNumber(serial)), issuer: issuer.all, subject: subject.all, begin, end, key };
  return { ...thing, ...said, extensions: last ? extensionsOf(derOnly(last.body)) : new Map() };
}

// Return the name people know a certificate by: the last text of its subject.
function namedIn(certificate) {
  const rows = derValues(derBody(derOnly(certificate.subject), 0x30)).flatMap((row) => derWithin(row, 0x31)).map((row) => derWithin(row)[1]);
  return rows.length > 0 ? new TextDecoder().decode(rows.at(-1).body) : "nobody";
}

const pemBlocks = (label, text) =>
  [...text.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`, "g"))].map((match) =>
    unbase64(match[1].replace(/\s/g, "")));

function certificatesFrom(bytes) {
  need(bytes.length <= MAX_PEM_BYTES, `more than ${MAX_PEM_BYTES} bytes of certificates`);
  const blocks = pemBlocks("CERTIFICATE", new TextDecoder().decode(bytes));
  need(blocks.length > 0, "expected certificates in PEM");
  return blocks.map((block) => certificateOf(derOnly(block)));
}

// Read a revocation list, DER or PEM (RFC 5280 §5.1): of each serial number when it was revoked, and why.
function revocationsOf(bytes) {
  need(bytes.length <= MAX_CRL_BYTES, `a revocation list of more than ${MAX_CRL_BYTES} bytes`);
  const pem = bytes[0] === 0x2d ? pemBlocks("X509 CRL", new TextDecoder().decode(bytes))[0] : bytes;
  const thing = signedThing(derOnly(pem ?? refuse("not a list in PEM")));
  const said = derWithin(thing.said);
  const [, issuer, made, ...rest] = said[0].tag === 0x02 ? said.slice(1) : said;
  derTime(made);
  if (rest[0]?.tag === 0x17 || rest[0]?.tag === 0x18) rest.shift();
  const rows = rest[0]?.tag === 0x30 ? derWithin(rest[0], 0x30, MAX_REVOKED) : [];
  const revoked = new Map();
  for (const row of rows) {
    const [serial, at, more] = derWithin(row);
    const reason = more ? extensionsOf(more).get("2.5.29.21") : undefined;
    revoked.set(hex(derNumber(serial)), { at: derTime(at), reason: reason ? derBody(derOnly(reason.value), 0x0a)[0] : null });
  }
  // What a list with a critical extension does not name is not known: it may be of some certificates only (RFC 5280 §5.2).
  const besides = rest.filter((one) => one.tag === 0xa0).flatMap((one) => [...extensionsOf(derOnly(one.body)).values()]);
  return { ...thing, issuer: issuer.all, revoked, whole: !besides.some(({ critical }) => critical) };
}

const validAt = (certificate, at) => certificate.begin <= at && at <= certificate.end;

// Tell whether a certificate may issue others for time stamps, `below` of them beneath it (RFC 5280 §4.2.1.3, §4.2.1.9, §4.2.1.12).
function issues(certificate, below) {
  needKnown(certificate);
  const basic = saidIn(certificate, EXTENSION.basic);
  const [authority, longest] = basic ? derWithin(basic) : [];
  if (authority === undefined || derBody(authority, 0x01)[0] !== 0xff) return false;
  if (longest !== undefined && derSmall(longest) < below - 1) return false;
  const purposes = saidIn(certificate, EXTENSION.purposes);
  const named = purposes === undefined ? [ANY_PURPOSE] : derWithin(purposes).map(derName);
  return mayDo(certificate, 0x04) && [STAMPING, ANY_PURPOSE].some((purpose) => named.includes(purpose));
}

// Refuse a signer that no chain leads from, valid at a time; tell whether a list has nothing against it.
async function checkTrust(trust, signer, others, at) {
  need(validAt(signer, at), `the certificate of ${namedIn(signer)} was not valid at that time`);
  const chain = [signer];
  while (!trust.roots.some((root) => same(root.all, chain.at(-1).all))) {
    const candidates = [...trust.roots, ...others, ...trust.between];
    const issuer = chain.length < MAX_CHAIN ? await issuerOf(chain.at(-1), candidates, at, chain.length) : null;
    chain.push(issuer ?? refuse(`no chain leads from ${namedIn(signer)} to a CA that is trusted`));
  }
  const listed = [];
  for (let below = 0; below + 1 < chain.length; below += 1) listed.push(await unrevoked(trust, chain[below], chain[below + 1], at));
  return listed[0] ?? false;
}

async function issuerOf(certificate, candidates, at, below) {
  for (const issuer of candidates) {
    if (!same(issuer.subject, certificate.issuer) || same(issuer.all, certificate.all)) continue;
    try {
      if (validAt(issuer, at) && issues(issuer, below) && (await signedBy(certificate, issuer))) return issuer;
    } catch {
      continue; // a certificate that says something else where a CA says what it may
    }
  }
  return null;
}

// Refuse a certificate that its issuer's lists revoke; tell whether there is such a list.
async function unrevoked(trust, certificate, issuer, at) {
  let found = false;
  for (const list of trust.lists) {
    if (!same(list.issuer, issuer.subject) || !(await signedBy(list, issuer))) continue;
    found ||= list.whole;
    const row = list.revoked.get(certificate.serial);
    need(!row || !(row.at <= at || !STAYS_VALID.includes(row.reason)), `the certificate of ${namedIn(certificate)} was revoked by its issuer`);
  }
  return found;
}
