// The eleven steps one after the other, and their answers; and what is asked of them, as it is typed.

const STEPS = [
  ["bag", "Is every file listed and unchanged, and is there none besides?", checkBag],
  ["log", "Do the earlier log's frontier and the leaves rebuild the roots of both checkpoints?", checkLog],
  ["genesis", "Is the root key the one you trust, and does its statement make this log?", checkGenesis],
  ["keys", "Was every other key introduced by the root key, in the log?", checkKeys],
  ["signatures", "Did a sealer of this log sign both checkpoints and, through the tag manifest, every file?", checkSignatures],
  ["pins", "Does the log still hold everything your pins stand for?", checkPins],
  ["statements", "Does every statement stand in the log, signed by a key that had the role for it? What is withheld?", checkStatements],
  ["links", "Were plans logged before what refers to them? Is what parts call earlier really there?", checkLinks],
  ["artefacts", "Is every answer one that a statement names, for that asset, day and question? Do the tables say what was signed?", checkArtefacts],
  ["completeness", "Has each run one outcome for each of its assets, and each planned slot one in time? Is gaps.csv whole?", checkCompleteness],
  ["anchors", "What binds this in time, and what does not?", checkAnchors],
];
const MAX_DETAILS = 100;

// Check a bundle; `tell` hears how far reading has come. Never throws for what it finds: a step that cannot go on has failed.
async function verify(file, asked, tell) {
  const found = { asked, tell, info: new Map(), manifest: new Map(), supplied: [], blobs: new Map(), withheld: new Map(), refused: new Map(), erased: new Map(), bounds: [] };
  const answers = [];
  for (const [name, question, check] of STEPS) {
    const said = { failures: [], gaps: [], notes: [] };
    const say = { fail: (why) => said.failures.push(why), gap: (why) => said.gaps.push(why), note: (what) => said.notes.push(what) };
    try {
      if (name === "bag") found.bundle = await Bundle.open(file);
      if (found.bundle) await check(found, say);
      else say.gap("the bundle cannot be opened (step 1)");
    } catch (error) {
      say.fail(error.message);
    }
    answers.push({ name, question, ...answerOf(said) });
  }
  const pin = found.places ? `${found.current.origin} ${found.current.size} ${found.current.root}` : null;
  return { answers, pin };
}

function answerOf({ failures, gaps, notes }) {
  const status = failures.length > 0 ? "failed" : gaps.length > 0 ? "not-checked" : "passed";
  const all = [...failures, ...gaps, ...notes];
  const details = all.slice(0, MAX_DETAILS);
  if (all.length > MAX_DETAILS) details.push(`and ${all.length - MAX_DETAILS} more`);
  return { status, details };
}

function readPin(line) {
  const match = /^(\S+) (0|[1-9][0-9]{0,11}) ([0-9a-f]{64})$/.exec(line) ?? refuse(`expected \`origin size root\`, found ${line.slice(0, 100)}`);
  return { origin: match[1], size: Number(match[2]), root: match[3] };
}

function readSigner(line) {
  const match = /^\S+ (?:namespaces="([^"]*)" )?(ssh-ed25519 \S+)(?: .*)?$/.exec(line) ?? refuse(`expected a line of allowed_signers, found ${line.slice(0, 100)}`);
  need(match[1] === undefined || match[1].split(",").includes(NAMESPACE), `a key for other namespaces than ${NAMESPACE}`);
  return fingerprint(publicKey(match[2]));
}
