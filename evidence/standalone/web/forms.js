// The forms of a bundle's own files, each read strictly: exactly what its writer wrote.

const KEY_PREFIX = joined(Uint8Array.of(0, 0, 0, 11), utf8("ssh-ed25519"), Uint8Array.of(0, 0, 0, 32)); // RFC 8709 §4
const MAX_TAG_BYTES = 128 * 2 ** 20;
const MAX_NOTE_BYTES = 64 * 2 ** 10;
const MAX_STATEMENT_BYTES = 32 * 2 ** 20;
const NAMESPACE = "plantproof";

const isDigest = (value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
const bare = (digest) => digest.slice("sha256:".length);

function linesOf(text, name) {
  need(text.endsWith("\n"), `${name}: expected lines`);
  return text.slice(0, -1).split("\n");
}

// Read a manifest (RFC 8493 §2.1.3): digest by path.
function manifest(text, name) {
  const found = new Map();
  for (const line of linesOf(text, name)) {
    const match = /^([0-9a-f]{64})  ([^\r\n]+)$/.exec(line) ?? refuse(`${name}: expected lines of a digest, two blanks and a path`);
    found.set(checkPath(match[2]), match[1]);
  }
  const again = sorted(found.keys()).map((path) => `${found.get(path)}  ${path}\n`).join("");
  need(again === text, `${name}: expected every path once, in order`);
  return found;
}

function bagInfo(text) {
  const found = new Map();
  for (const line of linesOf(text, BAG_INFO)) {
    const match = /^([A-Z][A-Za-z-]*): ([^\r\n]+)$/.exec(line) ?? refuse(`${BAG_INFO}: expected lines of a label and a value`);
    need(!found.has(match[1]) && match[2] === match[2].trim() && !/[\x00-\x1f\x7f]/.test(match[2]), `${BAG_INFO}: not written our way`);
    found.set(match[1], match[2]);
  }
  need(inOrder([...found.keys()]), `${BAG_INFO}: expected its labels in order`);
  return found;
}

// Return the 32 bytes of the key in a line of OpenSSH's.
function publicKey(line) {
  const match = /^ssh-ed25519 ([A-Za-z0-9+/]{68})( [^\r\n]{0,200})?\n?$/.exec(line) ?? refuse("expected one line `ssh-ed25519 AAAA…`");
  const blob = fromBase64(match[1]);
  need(same(blob.subarray(0, KEY_PREFIX.length), KEY_PREFIX), "the line says ssh-ed25519, the key in it does not");
  return blob.slice(KEY_PREFIX.length);
}

// Return the name OpenSSH gives a key.
const fingerprint = (key) => `SHA256:${toBase64(hashOf(KEY_PREFIX, key)).replace(/=+$/, "")}`;

// Return a name as a bundle writes it into paths.
function shorten(name, atMost) {
  const mark = digestOf(utf8(name)).slice(0, 8);
  let plain = name;
  if (!/^[a-z0-9._-]{1,80}$/.test(name) || BAD_NAME.test(name)) {
    const stem = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
    plain = `${stem || "x"}-${mark}`;
  }
  return plain.length <= atMost ? plain : `${plain.slice(0, atMost - 9).replace(/[.-]+$/, "")}-${mark}`;
}

// Read a C2SP signed note of one signature over the three lines of a checkpoint: origin, size and root.
function noteOf(bytes, name) {
  const form = /^([^\n]+)\n([^\n]+)\n([^\n]+)\n\n\u2014 ([^ \n]+) ([^ \n]+)\n$/;
  const match = form.exec(textOf(bytes)) ?? refuse(`${name}: expected three lines, an empty one and one signature`);
  const [, origin, size, root, signer, line] = match;
  need(/^[a-z0-9.-]{1,253}\/[a-z0-9._-]{1,100}\/[0-9a-f]{16}$/.test(origin), `${name}: of a log that cannot be ours`);
  need(/^(0|[1-9][0-9]{0,11})$/.test(size), `${name}: expected a log size`);
  const [hash, blob] = [unbase64(root), unbase64(line)];
  need(hash.length === 32, `${name}: not written as a checkpoint is`);
  return { signer, origin, size: Number(size), root: hex(hash), text: utf8(`${origin}\n${size}\n${root}\n`), keyHash: blob.subarray(0, 4), blob };
}

// Read a checkpoint: a note that is signed in the name of its origin (tlog-checkpoint).
function checkpointOf(bytes, name) {
  const { signer, blob, ...note } = noteOf(bytes, name);
  need(blob.length === 68 && signer === note.origin, `${name}: not written as a checkpoint is`);
  return { ...note, signature: blob.subarray(4) };
}

const sshString = (bytes) => joined(Uint8Array.of(0, 0, bytes.length >> 8, bytes.length & 255), bytes);

// Read a signature file of OpenSSH's (PROTOCOL.sshsig); return its key, its signature, and the message it is over.
async function sshSignature(text, data) {
  const lines = text.split("\n");
  const blob = unbase64(lines.slice(1, -2).join(""));
  const [key, signature] = [blob.subarray(33, 65), blob.subarray(-64)];
  const type = utf8("ssh-ed25519");
  const said = [utf8(NAMESPACE), new Uint8Array(), utf8("sha512")].map(sshString);
  const again = joined(
    utf8("SSHSIG"), Uint8Array.of(0, 0, 0, 1),
    sshString(joined(sshString(type), sshString(key))),
    ...said,
    sshString(joined(sshString(type), sshString(signature))),
  );
  const armour = ["-----BEGIN SSH SIGNATURE-----", ...(toBase64(again).match(/.{1,70}/g) ?? []), "-----END SSH SIGNATURE-----", ""];
  need(armour.join("\n") === text, `${SIGNATURE}: not an Ed25519 signature for ${NAMESPACE} written our way`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", data));
  return { key, signature, message: joined(utf8("SSHSIG"), ...said, sshString(digest)) };
}

// Read an envelope (DSSE v1): the statement in it, who says to have signed it, and the bytes that are signed.
function envelopeOf(bytes) {
  const envelope = canonical(bytes);
  need(inShape(envelope, ENVELOPE), "not an envelope with one signature");
  const payload = unbase64(envelope.payload);
  const head = `DSSEv1 ${utf8(envelope.payloadType).length} ${envelope.payloadType} ${payload.length} `;
  const [{ keyid, sig }] = envelope.signatures;
  return { statement: canonical(payload), keyid, signature: unbase64(sig), message: joined(utf8(head), payload) };
}

// Read a time (RFC 3339, UTC, whole seconds) as seconds since 1970.
function seconds(text) {
  const found = /^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(text) ? Date.parse(text) / 1000 : NaN;
  need(Number.isInteger(found) && utc(found) === text, `not a time: ${String(text).slice(0, 40)}`);
  return found;
}

const utc = (moment) => `${new Date(moment * 1000).toISOString().slice(0, 19)}Z`;
