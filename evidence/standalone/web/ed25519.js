// Ed25519 signatures (RFC 8032 §5.1.7): the browser's own where it has them, else slow and plain, about 20 ms each.

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const IDENTITY = [0n, 1n, 1n, 0n];

const modulo = (value, by = P) => ((value % by) + by) % by;

function power(base, exponent) {
  let found = 1n;
  for (let rest = exponent, square = modulo(base); rest > 0n; rest >>= 1n) {
    if (rest & 1n) found = (found * square) % P;
    square = (square * square) % P;
  }
  return found;
}

const D = modulo(-121665n * power(121666n, P - 2n));
const HALF_TURN = power(2n, (P - 1n) / 4n); // a square root of -1

function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = (y1 - x1) * (y2 - x2);
  const b = (y1 + x1) * (y2 + x2);
  const c = 2n * t1 * t2 * D;
  const d = 2n * z1 * z2;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

const number = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse()) || "0"}`);

// Read a point (RFC 8032 §5.1.3); null for bytes that are none.
function point(bytes) {
  const sign = BigInt(bytes[31] >> 7);
  const y = number(bytes) & (2n ** 255n - 1n);
  const square = modulo((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (modulo(x * x - square) !== 0n) x = modulo(x * HALF_TURN);
  if (y >= P || modulo(x * x - square) !== 0n || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, modulo(x * y)];
}

const BASE = point(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 0x58 : 0x66)));

async function plainlySigned(key, signature, message) {
  const s = number(signature.subarray(32));
  const public_ = point(key);
  if (public_ === null || s >= ORDER) return false;
  const digest = await crypto.subtle.digest("SHA-512", joined(signature.subarray(0, 32), key, message));
  const k = number(new Uint8Array(digest)) % ORDER;
  const minus = [P - public_[0], public_[1], 1n, P - public_[3]];
  const both = sum(BASE, minus);
  let found = IDENTITY;
  for (let bit = 256n; bit >= 0n; bit -= 1n) {
    found = sum(found, found);
    const [one, other] = [(s >> bit) & 1n, (k >> bit) & 1n];
    if (one || other) found = sum(found, one && other ? both : one ? BASE : minus);
  }
  const inverse = power(found[2], P - 2n);
  const encoded = modulo(found[1] * inverse) | ((modulo(found[0] * inverse) & 1n) << 255n);
  return encoded === number(signature.subarray(0, 32));
}

const browserKeys = new Map();
let browserSigns; // undefined: not tried yet

async function browserKey(key) {
  const name = hex(key);
  if (!browserKeys.has(name)) {
    browserKeys.set(name, await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]));
  }
  return browserKeys.get(name);
}

// Tell whether a signature over a message was made by the other half of a key.
async function signed(key, signature, message) {
  if (key.length !== 32 || signature.length !== 64) return false;
  browserSigns ??= await browserKey(fromBase64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")).then(() => true, () => false);
  if (!browserSigns) return plainlySigned(key, signature, message);
  try {
    return await crypto.subtle.verify("Ed25519", await browserKey(key), signature, message);
  } catch {
    return false; // bytes that are no key
  }
}
