// Merkle trees over the log's leaves (RFC 6962 §2.1).

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

const leafHash = (line) => hashOf(LEAF, utf8(line));
const nodeHash = (left, right) => hashOf(NODE, left, right);
const isOdd = (size) => size % 2 === 1;
const half = (size) => Math.floor(size / 2); // sizes go beyond the 32 bits that >> knows

// How many full subtrees a tree of a size has: one for each 1 bit.
const subtrees = (size) => size.toString(2).replaceAll("0", "").length;

const rootOf = (edge) => hex(edge.length ? edge.reduceRight((right, left) => nodeHash(left, right)) : hashOf());

// Add a leaf to the right edge of a tree that has `size` of them.
function grow(edge, size, line) {
  let carried = leafHash(line);
  for (let rest = size; isOdd(rest); rest = half(rest)) carried = nodeHash(edge.pop(), carried);
  edge.push(carried);
}

// Return the root that an audit path leads to from a leaf (RFC 6962 §2.1.1).
function rootAlong(path, line, index, size) {
  need(index < size, "no such leaf in a tree of that size");
  let here = leafHash(line);
  let used = 0;
  for (let at = index, width = size; width > 1; at = half(at), width = half(width + 1)) {
    if (isOdd(at) || at + 1 < width) {
      need(used < path.length, "the path is too short");
      const other = path[used];
      used += 1;
      here = isOdd(at) ? nodeHash(other, here) : nodeHash(here, other);
    }
  }
  need(used === path.length, "the path is too long");
  return hex(here);
}
