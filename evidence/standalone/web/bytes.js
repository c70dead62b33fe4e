// Bytes, texts, and saying no. Whatever does not hold is thrown as an Error: it fails the step, and never passes it.

function refuse(why) {
  throw new Error(why);
}

function need(holds, why) {
  if (!holds) refuse(why);
}

const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

function unhex(text) {
  need(/^([0-9a-f]{2})*$/.test(text), `not hexadecimal: ${text.slice(0, 80)}`);
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

const utf8 = (text) => new TextEncoder().encode(text);

function textOf(bytes) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

function joined(...pieces) {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

const fromBase64 = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

// Read padded standard base64 (RFC 4648 §4), and only what an encoder writes: the spare bits of the last digit are zero.
function unbase64(text) {
  need(typeof text === "string" && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), "not base64");
  const bytes = fromBase64(text);
  need(toBase64(fromBase64(text.slice(-4))) === text.slice(-4), "base64 that is not written the one way");
  return bytes;
}

// Python and UTF-8 order texts by code point, JavaScript by UTF-16 unit: they differ beyond U+FFFF.
function byCodePoint(one, other) {
  for (let at = 0; at < one.length && at < other.length; at += 1) {
    if (one.charCodeAt(at) !== other.charCodeAt(at)) {
      const high = (unit) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
      return high(one.charCodeAt(at)) - high(other.charCodeAt(at));
    }
  }
  return one.length - other.length;
}

const sorted = (texts) => [...texts].sort(byCodePoint);
const inOrder = (texts) => texts.every((text, at) => at === 0 || byCodePoint(texts[at - 1], text) < 0);

const UNSEEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]/gu;

// Spell out what steers a terminal, turns the direction of what follows (Trojan Source), or cannot be seen.
function harmless(text) {
  return text.replace(UNSEEN, (char) => {
    const code = char.codePointAt(0).toString(16);
    return code.length < 3 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
