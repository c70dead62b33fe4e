// Planned slots: which ones the plans of a bundle ask for, and what became of each of their assets.

const EVER = -Infinity;
const MAX_SLOTS = 100000;
const MAX_AHEAD = 400 * 86400;

const GRACE = (value) => whole()(value) && value <= MAX_AHEAD;
const SAFETY = one("ot", "it", "fragile");
const ASSET_TEXTS = [
  "platform", "network_os", "site", "zone", "role", "criticality", "function", "accountable", "vendor",
  "management_path", "contract_end", "support_end", "powered",
];
const ASSETS = (value) =>
  listOf(
    record(
      { asset: text(), address: text(), safety: SAFETY },
      {
        ...Object.fromEntries(ASSET_TEXTS.map((name) => [name, text()])),
        transports: listOf((each) => typeof each === "string"), groups: listOf((each) => typeof each === "string"), direct_ok: flag,
      },
    ),
    200000,
  )(value) && new Set(value.map((row) => row.asset)).size === value.length;
const JOB = (row) =>
  record({ name: text(), first: time, every_s: whole(1), count: whole(1) }, { grace_s: GRACE })(row) &&
  row.every_s * row.count <= MAX_AHEAD &&
  row.first < "9000";
const PLAN = (value) =>
  record({ assets: ASSETS, slots: listOf(JOB), grace_s: GRACE })(value) &&
  value.slots.reduce((sum, row) => sum + row.count, 0) <= MAX_SLOTS;

// What a slot is called: `nightly-20260722T0200Z`.
const slotName = (job, moment) => `${job}-${utc(moment).replace(/[-:]/g, "").slice(0, 13)}Z`;

// Return what tells, of a log size, the newest time at which a part below it says it ended: nothing that knew it is older.
function knownOf(parts) {
  const newest = [];
  for (const part of parts) newest.push(Math.max(part.ended, newest.at(-1) ?? EVER));
  return (size) => {
    let [low, high] = [0, parts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (parts[middle].index < size) low = middle + 1;
      else high = middle;
    }
    return newest[low - 1] ?? EVER;
  };
}

// Return the plans as they count one after the other, each from when on. None counts before the newest end of a part that
// was logged before it, so none can be dated back; plans side by side in the log go by their own times.
function inForce(plans, known) {
  const rows = [];
  for (const plan of plans) {
    const before = rows.at(-1);
    const beside = before !== undefined && before.plan.index === plan.index - 1;
    rows.push({ group: beside ? before.group : plan.index, at: plan.at ?? EVER, plan });
  }
  rows.sort((a, b) => a.group - b.group || (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
  let begin = EVER;
  return rows.map(({ plan }) => {
    begin = plan.at === null ? EVER : Math.max(plan.at, begin, known(plan.index));
    return { ...plan, begin };
  });
}

// Return the slots due up to a moment, by name: a plan asks for its own until the next begins, and takes back none that is
// over by then.
function slotsDue(plans, until) {
  const due = new Map();
  plans.forEach(({ blob, plan, begin }, number) => {
    const end = plans[number + 1]?.begin ?? Infinity;
    const assets = new Set(plan.assets.map((row) => row.asset));
    for (const row of plan.slots) {
      const first = seconds(row.first);
      for (let count = 0; count < row.count; count += 1) {
        const moment = first + count * row.every_s;
        if (moment > until || moment >= end) break;
        const one = { name: slotName(row.name, moment), job: row.name, moment, deadline: moment + (row.grace_s ?? plan.grace_s), assets, blob };
        const earlier = due.get(one.name);
        if (one.deadline >= begin && !(earlier && earlier.deadline < begin)) due.set(one.name, one);
      }
    }
  });
  return new Map([...due].sort(([a, one], [b, other]) => one.moment - other.moment || byCodePoint(a, b)));
}

// Say what became of each asset of a slot, by the parts and excuses that are about it: one word, and what brought it.
function settle(slot, parts, excuses, asOf) {
  const told = parts.filter((part) => part.covering <= asOf).sort((a, b) => a.covering - b.covering);
  const said = excuses.filter((each) => each.at <= utc(asOf));
  const fates = new Map();
  for (const asset of slot.assets) {
    const words = told.filter((part) => part.ended >= slot.moment && part.results.has(asset));
    const answers = words.filter((part) => !["off-by-schedule", "interrupted"].includes(part.results.get(asset)));
    const why = said.filter((each) => each.assets.length === 0 || each.assets.includes(asset));
    if (answers.some((part) => part.covering <= slot.deadline)) fates.set(asset, { word: "present" });
    else if (words.some((part) => part.results.get(asset) === "off-by-schedule")) fates.set(asset, { word: "off" });
    else if (answers.length > 0) fates.set(asset, { word: "late", part: answers[0] });
    else if (why.length > 0) fates.set(asset, { word: "missed", why });
    else fates.set(asset, { word: asOf <= slot.deadline ? "pending" : "gap" });
  }
  return { ...slot, fates, begun: told.length > 0 };
}

const having = (slot, word) => sorted([...slot.fates].filter(([, fate]) => fate.word === word).map(([asset]) => asset));
