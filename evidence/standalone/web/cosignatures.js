// Cosignatures (C2SP tlog-cosignature): who else saw the log, and what binds it from outside, all in all.

const LATEST = 253402300800; // the end of the year 9999, in seconds since 1970

// Read a cosignature: a note of a log's three lines, signed by 4 bytes of key hash, 8 of time, and a signature.
function cosignatureOf(bytes) {
  const { signer: name, blob, ...seen } = noteOf(bytes, "cosignature");
  need(blob.length === 76 && /^[!-*,-~]{1,200}$/.test(name), "the signature line is no cosignature's");
  const at = blob.subarray(4, 12).reduce((all, byte) => all * 256 + byte, 0);
  need(at > 0 && at < LATEST, "a cosignature of a time that is none");
  return { ...seen, name, at, signature: blob.subarray(12), message: joined(utf8(`cosignature/v1\ntime ${at}\n`), seen.text) };
}

// Tell whether a signature line names a key: by its hash with the name and the kind of signature, 4.
const namesKey = ({ name, keyHash }, key) => same(hashOf(utf8(`${name}\n`), Uint8Array.of(4), key).subarray(0, 4), keyHash);

// Check every cosignature by a witness whose key was given; whoever else signed is named.
async function checkCosignatures(found, say) {
  const paths = found.bundle.below(`${LOG}cosig/`);
  const roots = found.rootsAt(paths.map((path) => Number(path.split("/")[3])));
  const [seen, strangers] = [[], new Set()];
  for (const path of paths) {
    try {
      const [size, file] = [Number(path.split("/")[3]), path.split("/")[4]];
      const made = cosignatureOf(await found.bundle.read(path, MAX_NOTE_BYTES));
      const named = `${hex(made.keyHash)}-${utc(made.at).replace(/[-:]/g, "").toLowerCase()}`;
      need(made.origin === found.current.origin && made.size === size && file === named, "a cosignature of something else lies there");
      const keys = found.asked.witnesses.filter((key) => namesKey(made, key));
      if (keys.length === 0) {
        strangers.add(`${made.name} (${hex(made.keyHash)})`);
        continue;
      }
      const held = await Promise.all(keys.map((key) => signed(key, made.signature, made.message)));
      need(held.includes(true), `the signature of ${made.name} does not fit`);
      need(roots.get(size) === made.root, `${made.name} saw another log at ${size} leaves: ${made.root}`);
      found.bounds.push({ size, what: `the cosignature by ${made.name}`, at: made.at });
      seen.push(size);
    } catch (error) {
      say.fail(`${path}: ${error.message}`);
    }
  }
  for (const who of sorted(strangers)) say.gap(`cosigned by ${who}, whose key was not given: paste it into "Keys of witnesses"`);
  if (paths.length === 0) say.gap("whether others saw the same log: it has no cosignature");
  if (seen.length > 0) say.note(`${seen.length} cosignatures, the newest over ${seen.reduce((most, size) => Math.max(most, size), 0)} leaves`);
}

// Say what lies before the earliest anchor, and after the newest.
function sayBounds(found, say) {
  const { bounds, size } = found;
  const words = ({ what, at }) => (at === null ? what : `${what} of ${utc(at)}`);
  const last = bounds.reduce((most, one) => (one.size > most.size ? one : most), bounds[0] ?? { size: 0 });
  if (last.size < size) say.gap(`the newest ${size - last.size} of ${size} leaves: no anchor binds them`);
  if (bounds.length === 0) return;
  const [first] = [...bounds].sort((one, other) => one.size - other.size || (one.at ?? Infinity) - (other.at ?? Infinity) || 0);
  const parts = countingOf(found, "part").filter(({ index }) => index < first.size).length;
  if (parts > 0) say.gap(`the first ${first.size} leaves, ${parts} parts among them: nothing binds them before ${words(first)}`);
  say.note(`the earliest anchor binds the leaves up to ${first.size}: ${words(first)}`);
  say.note(`the newest anchor binds the leaves up to ${last.size}: ${words(last)}`);
}
