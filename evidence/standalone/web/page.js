// The page: what is asked, the eleven steps one after the other, and their answers. Whatever comes out of a bundle is shown
// as text, with what cannot be seen spelled out.

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
const VERDICTS = {
  failed: ["Something is wrong", "Do not rely on this bundle before the failed steps are explained."],
  "not-checked": ["Nothing wrong was found", "What could not be checked is named below. Not-checked is not a pass."],
  passed: ["Nothing wrong was found", "Every step passed."],
};

const part = (id) => document.getElementById(id);

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

// Read the fields of the form; throw for what cannot be meant.
async function readAsked() {
  const lines = (id) => part(id).value.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  const field = (id, label, read) => {
    try {
      return read(lines(id));
    } catch (error) {
      part(id).focus();
      throw new Error(`${label}: ${error.message}`);
    }
  };
  return {
    authorities: await readAuthorities(),
    root: field("root", "Owner's root key", ([line, ...more]) => {
      need(more.length === 0, "expected one line");
      return line === undefined || /^SHA256:[A-Za-z0-9+/]{43}$/.test(line) ? (line ?? null) : fingerprint(publicKey(line));
    }),
    pins: field("pins", "Pins", (all) => all.map(readPin)),
    witnesses: field("witnesses", "Keys of witnesses", (all) => all.map(publicKey)),
    signers: field("signers", "Allowed signers", (all) => (all.length > 0 ? all.map(readSigner) : null)),
  };
}

async function readAuthorities() {
  try {
    const read = async (file) => certificatesFrom(new Uint8Array(await file.slice(0, MAX_PEM_BYTES + 1).arrayBuffer()));
    return (await Promise.all([...part("authorities").files].map(read))).flat();
  } catch (error) {
    part("authorities").focus();
    throw new Error(`CAs of time stamps: ${error.message}`);
  }
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

function show({ answers, pin }) {
  const has = (status) => answers.some((answer) => answer.status === status);
  const worst = has("failed") ? "failed" : has("not-checked") ? "not-checked" : "passed";
  const counts = ["passed", "failed", "not-checked"].map((status) => `${answers.filter((answer) => answer.status === status).length} ${status}`);
  const [verdict, meaning] = VERDICTS[worst];
  part("verdict").textContent = `${verdict}: ${counts.join(", ")}`;
  part("verdict").className = worst;
  part("meaning").textContent = pin && !has("failed") ? `${meaning} File this pin, the next bundle must hold it: ${pin}` : meaning;
  part("steps").replaceChildren(...answers.map(stepElement));
  part("result").hidden = false;
  part("verdict").focus();
}

function stepElement({ name, question, status, details }, at) {
  const item = element("li", "");
  item.className = status;
  const word = element("span", status);
  word.className = "word";
  const heading = element("h3", `${at + 1}. ${name} `);
  heading.append(word);
  const list = element("ul", "");
  list.append(...details.map((detail) => element("li", harmless(detail))));
  item.append(heading, element("p", question), list);
  return item;
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

let dropped = null;

async function check() {
  const file = dropped ?? part("bundle").files[0];
  part("problem").textContent = "";
  part("result").hidden = true;
  let asked;
  try {
    need(file, "Bundle: choose the zip first");
    asked = await readAsked();
  } catch (error) {
    part("problem").textContent = error.message;
    return;
  }
  const button = part("asked").querySelector("button");
  button.disabled = true;
  let tenth = -1;
  const tell = (at, size) => {
    if (Math.floor((10 * at) / size) === tenth) return;
    tenth = Math.floor((10 * at) / size);
    part("progress").textContent = `Reading ${harmless(file.name)}: ${10 * tenth} %`;
  };
  show(await verify(file, asked, tell));
  part("progress").textContent = `${harmless(file.name)} was checked.`;
  button.disabled = false;
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("over");
  dropped = event.dataTransfer.files[0] ?? null;
  if (dropped) part("progress").textContent = `${harmless(dropped.name)} is chosen.`;
}

part("asked").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
part("bundle").addEventListener("change", () => {
  dropped = null;
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
document.addEventListener("dragleave", () => document.body.classList.remove("over"));
document.addEventListener("drop", drop);
