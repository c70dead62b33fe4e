// Reading DER strictly (ITU-T X.690 §8 to §11): values within values, each written the one way.

const MAX_DER_VALUES = 1000; // most values within one other, but the rows of a revocation list

// Return the values that follow each other, each with its tag, its content, and all of it as it was written.
function derValues(bytes, most = MAX_DER_VALUES) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    need(at + 2 <= bytes.length && (bytes[at] & 0x1f) !== 0x1f, "DER: cut off, or a tag that is not used here");
    const first = bytes[at + 1];
    const count = first < 0x80 ? 0 : first & 0x7f;
    const long = bytes.subarray(at + 2, at + 2 + count);
    const length = first < 0x80 ? first : long.reduce((all, byte) => all * 256 + byte, 0);
    const shortest = first < 0x80 || (count > 0 && count <= 4 && long.length === count && long[0] !== 0 && length >= 0x80);
    const begin = at + 2 + count;
    need(shortest && begin + length <= bytes.length, "DER: cut off, or a length that is not written the one way");
    need(found.length < most, `DER: more than ${most} values`);
    found.push({ tag: bytes[at], body: bytes.subarray(begin, begin + length), all: bytes.subarray(at, begin + length) });
    at = begin + length;
  }
  return found;
}

function derOnly(bytes) {
  const found = derValues(bytes);
  need(found.length === 1, "DER: expected one value");
  return found[0];
}

function derBody(value, tag) {
  need(value?.tag === tag, "DER: a value of another type than is expected there");
  return value.body;
}

const derWithin = (value, tag = 0x30, most = MAX_DER_VALUES) => derValues(derBody(value, tag), most);
const derOctets = (value) => derBody(value, 0x04);

// Return a whole number's bytes, written as short as it can be.
function derNumber(value, longest = 64) {
  const body = derBody(value, 0x02);
  const shortest = body.length < 2 || !((body[0] === 0 || body[0] === 0xff) && (body[0] ^ body[1]) < 0x80);
  need(body.length > 0 && body.length <= longest && shortest, "DER: not an integer in its shortest form");
  return body;
}

// Return a whole number; one below zero or of more than a byte is given as -1, as nothing here means such a one.
function derSmall(value) {
  const body = derNumber(value);
  const plain = body[0] === 0 && body.length > 1 ? body.subarray(1) : body;
  return plain.length === 1 && body[0] < 0x80 ? plain[0] : -1;
}

function derName(value) {
  const body = derBody(value, 0x06);
  need(body.length > 0 && body.length <= 64 && body.at(-1) < 0x80, "DER: not an object identifier");
  const arcs = [];
  let arc = 0n;
  for (const byte of body) {
    need(arc !== 0n || byte !== 0x80, "DER: not an object identifier");
    arc = arc * 128n + BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const first = arcs[0] < 80n ? arcs[0] / 40n : 2n;
  return [first, arcs[0] - 40n * first, ...arcs.slice(1)].join(".");
}

function derBits(value) {
  const body = derBody(value, 0x03);
  need(body[0] === 0, "DER: bits that are no bytes");
  return body.subarray(1);
}

// Read a time in UTC, of either form, as microseconds since 1970 (RFC 5280 §4.1.2.5, RFC 3161 §2.4.2).
function derTime(value) {
  need(value?.tag === 0x17 || value?.tag === 0x18, "DER: not a time in UTC");
  const text = textOf(value.body);
  const whole = value.tag === 0x18 ? text : `${text >= "50" ? "19" : "20"}${text}`;
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,9}[1-9]))?Z$/.exec(whole);
  need(match && (match[7] === undefined || value.tag === 0x18), "DER: not a time in UTC");
  const [, year, month, day, hour, minute, second, fraction = ""] = match;
  const moment = seconds(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return moment * 1e6 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}
