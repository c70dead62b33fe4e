// Canonical JSON (a subset of RFC 8785): what was read is written again, and has to be the same bytes. So nothing can be
// said in two ways: no duplicate keys, no blanks, no fractions, no lone surrogates, keys in order.

const MAX_DEPTH = 16;
const KEY = /^([a-z][A-Za-z0-9_]*|_type)$/;

function canonical(bytes) {
  const text = textOf(bytes);
  const value = JSON.parse(text);
  need(written(value, 0) === text, "JSON that is not written the one way");
  return value;
}

function written(value, depth) {
  need(depth <= MAX_DEPTH, `nested more than ${MAX_DEPTH} levels deep`);
  if (typeof value === "string") {
    need(!/\p{Surrogate}/u.test(value), "a string holds half of a surrogate pair");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    need(Number.isSafeInteger(value), "a number that is not a whole one all readers hold exactly");
    return String(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map((one) => written(one, depth + 1)).join(",")}]`;
  const keys = Object.keys(value).sort();
  need(keys.every((key) => KEY.test(key)), "not a key of canonical JSON");
  return `{${keys.map((key) => `"${key}":${written(value[key], depth + 1)}`).join(",")}}`;
}
