// A bundle's zip (APPNOTE 6.3), read as its writer writes it: entries stored, one after the other, each named once.
// Nothing is unpacked, so nothing is larger than the file that was handed over; it is never held whole.

const MAX_FILES = 500000; // a quarter of 10,000 assets has about 100,000
const MAX_FILE = 256 * 2 ** 20; // the largest artefact of a store
const MAX_DIRECTORY = 256 * 2 ** 20; // 500,000 entries of about 300 bytes, with room
const MAX_FOLDER = 40;
const MAX_PATH = 180;
const PIECE = 4 * 2 ** 20;

const BAGIT = "bagit.txt";
const BAG_INFO = "bag-info.txt";
const MANIFEST = "manifest-sha256.txt";
const TAGMANIFEST = "tagmanifest-sha256.txt";
const SIGNATURE = `${TAGMANIFEST}.sig`;
const TAG_FILES = new Set([BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST, SIGNATURE]);

const NAME = /^[a-z0-9._-]{1,120}$/;
const BAD_NAME = /^((con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.|\.+.*)$/;

const NAMED = new Set(["data/README.txt", "data/cmmc/CMMCAssessmentArtifacts.log", "data/cmmc/CMMCAssessmentLogHash.log"]);

function checkPath(path) {
  if (TAG_FILES.has(path) || NAMED.has(path)) return path;
  const [first, ...rest] = path.split("/");
  const plain = rest.every((name) => NAME.test(name) && !BAD_NAME.test(name));
  need(
    first === "data" && rest.length > 0 && rest.length <= 4 && path.length <= MAX_PATH && plain,
    `${path.slice(0, 200)}: not a path of a bundle`,
  );
  return path;
}

class Bundle {
  static async open(file) {
    const bundle = new Bundle();
    bundle.file = file;
    bundle.piece = new Uint8Array();
    bundle.start = 0;
    const { at, length, count } = await bundle.end();
    need(length <= Math.min(MAX_DIRECTORY, file.size), `a directory of ${length} bytes; at most ${MAX_DIRECTORY} are read`);
    need(count > 0 && count <= MAX_FILES, `expected 1 to ${MAX_FILES} files, found ${count}`);
    bundle.entries = bundle.directory(await bundle.slice(at, length), count);
    let end = 0;
    for (const one of [...bundle.entries.values()].sort((a, b) => a.at - b.at)) {
      need(one.at === end, `${one.path}: does not follow the entry before it`);
      end += 30 + one.name.length + one.size;
    }
    need(end === at, "something lies between the last entry and the directory");
    return bundle;
  }

  // Find the directory by the records at the very end (APPNOTE 4.3.14 to 4.3.16); no comment stands behind them.
  async end() {
    const size = this.file.size;
    const tail = await this.slice(Math.max(size - 98, 0), Math.min(size, 98));
    const view = new DataView(tail.buffer);
    const last = tail.length - 22;
    need(last >= 0 && view.getUint32(last, true) === 0x06054b50 && view.getUint16(last + 20, true) === 0, "not a zip as we write it");
    let found = {
      at: view.getUint32(last + 16, true),
      length: view.getUint32(last + 12, true),
      count: view.getUint16(last + 10, true),
    };
    let before = size - 22;
    if (last === 76 && view.getUint32(56, true) === 0x07064b50 && view.getUint32(0, true) === 0x06064b50) {
      const whole = (offset) => Number(view.getBigUint64(offset, true));
      found = { at: whole(48), length: whole(40), count: whole(32) };
      before = size - 98;
    }
    need(found.at + found.length === before, "the directory does not lie where the end of the zip says");
    return found;
  }

  directory(bytes, count) {
    const view = new DataView(bytes.buffer);
    const entries = new Map();
    let at = 0;
    for (let number = 0; number < count; number += 1) {
      need(at + 46 <= bytes.length && view.getUint32(at, true) === 0x02014b50, "a directory that is cut off");
      const [named, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
      const next = at + 46 + named + extra + comment;
      need(next <= bytes.length && comment === 0, "a directory that is cut off, or says more than we write there");
      const one = this.entry(view, at, bytes.subarray(at + 46, at + 46 + named), bytes.subarray(at + 46 + named, at + 46 + named + extra));
      need(!entries.has(one.path), `${one.path}: stands twice in the zip`);
      entries.set(one.path, one);
      at = next;
    }
    need(at === bytes.length, "a directory that says more than it has entries");
    return entries;
  }

  entry(view, at, name, extra) {
    const text = Array.from(name, (byte) => String.fromCharCode(byte)).join("");
    const short = text.slice(0, 200);
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    need(view.getUint8(at + 6) <= 63, `${short}: of a later version of the format than 6.3`);
    const plain = view.getUint16(at + 8, true) === 0 && view.getUint16(at + 10, true) === 0 && packed === size;
    need(plain, `${short}: expected a stored entry, not a deflated or encrypted one`);
    const mode = view.getUint16(at + 40, true);
    need(mode === 0 || (mode & 0o170000) === 0o100000, `${short}: expected a plain file`);
    let start = view.getUint32(at + 42, true);
    if (start === 0xffffffff && extra.length === 12 && same(extra.subarray(0, 4), Uint8Array.of(1, 0, 8, 0))) {
      start = Number(new DataView(extra.buffer, extra.byteOffset + 4).getBigUint64(0, true));
    } else {
      need(extra.length === 0, `${short}: more in the directory than we write there`);
    }
    const cut = text.indexOf("/");
    this.folder ??= text.slice(0, Math.max(cut, 0));
    const good = this.folder.length <= MAX_FOLDER && NAME.test(this.folder) && !BAD_NAME.test(this.folder);
    need(good, `${short}: expected one folder with a short, plain name`);
    need(text.slice(0, cut) === this.folder, `${short}: expected everything in the folder ${this.folder}`);
    need(size <= MAX_FILE, `${short}: ${size} bytes; at most ${MAX_FILE} are read`);
    return { path: checkPath(text.slice(cut + 1)), name, size, at: start, crc: view.getUint32(at + 16, true) };
  }

  has(path) {
    return this.entries.has(path);
  }

  below(folder) {
    return sorted([...this.entries.keys()].filter((path) => path.startsWith(folder)));
  }

  async slice(at, length) {
    const bytes = new Uint8Array(await this.file.slice(at, at + length).arrayBuffer());
    need(bytes.length === length, "the file ends too early");
    return bytes;
  }

  // Return bytes of the file; what lies side by side is read from the disk together.
  async bytes(at, length) {
    if (length > PIECE) return this.slice(at, length);
    if (at < this.start || at + length > this.start + this.piece.length) {
      this.piece = await this.slice(at, Math.min(PIECE, this.file.size - at));
      this.start = at;
    }
    need(at - this.start + length <= this.piece.length, "the file ends too early");
    return this.piece.subarray(at - this.start, at - this.start + length);
  }

  // Check that what stands before an entry says what the directory says: a program that reads on and on believes that.
  async header(one) {
    const head = await this.bytes(one.at, 30 + one.name.length);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    const numbers = [[14, one.crc], [18, one.size], [22, one.size], [26, one.name.length]];
    const good =
      view.getUint32(0, true) === 0x04034b50 &&
      view.getUint32(6, true) === 0 &&
      numbers.every(([offset, value]) => view.getUint32(offset, true) === value) &&
      same(head.subarray(30), one.name);
    need(good, `${one.path}: the entry does not say what the directory says`);
    return one.at + head.length;
  }

  async read(path, atMost = MAX_FILE) {
    const one = this.entries.get(path) ?? refuse(`${path}: missing`);
    need(one.size <= atMost, `${path}: ${one.size} bytes; at most ${atMost} are read`);
    return (await this.bytes(await this.header(one), one.size)).slice();
  }

  async text(path, atMost) {
    return textOf(await this.read(path, atMost));
  }

  // Digest every file, in the order in which they lie, a piece at a time.
  async digests(tell) {
    const found = new Map();
    for (const one of [...this.entries.values()].sort((a, b) => a.at - b.at)) {
      const hash = new Sha256();
      const start = await this.header(one);
      for (let at = 0; at < one.size; at += PIECE) {
        hash.update(await this.bytes(start + at, Math.min(PIECE, one.size - at)));
      }
      found.set(one.path, hex(hash.digest()));
      tell(start + one.size, this.file.size);
    }
    return found;
  }
}
