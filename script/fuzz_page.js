// verify.html's readers and steps, for script/fuzz_page.py: the page's own pieces run here as they are.
//
//   node fuzz_page.js PIECES.js LOG
//
// It answers lines of {"name": …, "cases": [base64, …]} with [true, false, …], whether each is taken, and
// {"bundle": path, "root": …, "pins": […], "authorities": [path, …], "witnesses": […]} with what each step says.

"use strict";

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const vm = require("node:vm");

const [, , pieces, log] = process.argv;

const READERS = `({
  "zip": async (bytes) => {
    const bundle = await Bundle.open(new Blob([bytes]));
    for (const path of bundle.entries.keys()) await bundle.read(path);
  },
  "canonical JSON": canonical,
  "envelope": envelopeOf,
  "statement": (bytes) => {
    const said = canonical(bytes);
    const kind = kindOf(said);
    need(kind !== null && said.predicate.log === ASKED_LOG, "of another log, or not known");
    for (const lengths of grouped(blobsOf(kind, said.predicate), ([blob]) => blob).values()) {
      need(new Set(lengths.map(([, length]) => length)).size === 1, "two lengths");
    }
  },
  "checkpoint": (bytes) => checkpointOf(bytes, "x"),
  "cosignature": cosignatureOf,
  "leaves": (bytes) => readLeaves({ text: async () => textOf(bytes) }),
  "manifest": (bytes) => manifest(textOf(bytes), "x"),
  "bag-info": (bytes) => bagInfo(textOf(bytes)),
  "signature": (bytes) => sshSignature(textOf(bytes), new Uint8Array()),
  "plan": (bytes) => need(PLAN(canonical(bytes)), "not a plan"),
  "assets": (bytes) => need(ASSETS(canonical(bytes)), "not a list of assets"),
  "time stamp": tokenOf,
  "results": (bytes) => need(RESULTS(canonical(bytes)), "not results"),
})`;

vm.runInThisContext(`const ASKED_LOG = ${JSON.stringify(log)};\n${readFileSync(pieces, "utf8")}`);
const readers = vm.runInThisContext(READERS);
const steps = vm.runInThisContext(`(async (file, root, pins, authorities, witnesses) => {
  const asked = {
    root: fingerprint(publicKey(root)), pins: pins.map(readPin), authorities: authorities.flatMap(certificatesFrom),
    witnesses: witnesses.map(publicKey), signers: null,
  };
  return (await verify(file, asked, () => {})).answers;
})`);

async function taken(read, bytes) {
  try {
    await read(bytes);
    return true;
  } catch {
    return false; // the page's steps fail for whatever is thrown
  }
}

async function takenOf({ name, cases }) {
  const answers = [];
  for (const one of cases) {
    answers.push(readers[name] ? await taken(readers[name], new Uint8Array(Buffer.from(one, "base64"))) : null);
  }
  return answers;
}

async function stepsOf({ bundle, root, pins, authorities = [], witnesses = [] }) {
  const certificates = authorities.map((path) => new Uint8Array(readFileSync(path)));
  return steps(new Blob([readFileSync(bundle)]), root, pins, certificates, witnesses);
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const answer = asked.bundle ? await stepsOf(asked) : await takenOf(asked);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

main();
