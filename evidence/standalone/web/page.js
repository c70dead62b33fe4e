// The page: what is asked, and the answers of the eleven steps. Whatever comes out of a bundle is shown as text, with what
// cannot be seen spelled out.

const VERDICTS = {
  failed: ["Something is wrong", "Do not rely on this bundle before the failed steps are explained."],
  "not-checked": ["Nothing wrong was found", "What could not be checked is named below. Not-checked is not a pass."],
  passed: ["Nothing wrong was found", "Every step passed."],
};

const part = (id) => document.getElementById(id);

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
