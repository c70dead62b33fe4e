// Step 10: each run has one outcome for each asset of its list, each planned slot one in time for each planned asset, and
// gaps.csv says what the statements say.

async function checkCompleteness(found, say) {
  if (!found.places || !found.keys) return say.gap(UNREADABLE);
  if (!found.manifest.has(GAPS)) say.fail(`${GAPS}: missing`);
  if (!["no", "controls"].includes(found.info.get("Plantproof-Narrowed"))) {
    say.gap("the bundle is about some assets only; the lists of all are not supplied");
    return say.gap(`which slots were due, and whether ${GAPS} lists all that are not whole: the plans are not supplied, either`);
  }
  const parts = countingOf(found, "part");
  const covered = await checkRuns(found, say, parts);
  const calendar = await calendarOf(found, say, parts);
  if (calendar.plans.some(({ plan }) => plan.slots.length > 0)) {
    sayTroubles(calendar, say);
    sayEdges(calendar, found, say);
  } else {
    calendar.empty = true;
  }
  const whole = calendar.settled.every((slot) => ["late", "missed", "gap", "pending"].every((word) => having(slot, word).length === 0));
  for (const kind of whole ? ["plan"] : ["missed", "part", "plan"]) {
    const count = found.withheld.get(kind);
    if (count) say.gap(`whether the slots are as they look: ${count} ${kind} statements are withheld`);
  }
  sayUnplanned(covered, calendar, say);
  if (found.manifest.has(GAPS)) {
    const made = gapsTable(parts, calendar.empty ? null : calendar);
    if (!same(await found.bundle.read(GAPS), utf8(made))) say.fail(`${GAPS}: not what the statements here say`);
  }
}

async function blobOf(found, digest, length, shape) {
  const path = BLOBS + bare(digest);
  const bytes = await found.bundle.read(path, length);
  need(bytes.length === length && `sha256:${digestOf(bytes)}` === digest, `${path}: not the artefact it is named after`);
  const value = canonical(bytes);
  need(inShape(value, shape), `${path}: not written our way`);
  return value;
}

// Check every run that the parts tell of; return the assets that each slot of a plan was covered for.
async function checkRuns(found, say, parts) {
  const covered = new Map();
  const runs = grouped(parts, (part) => part.says.run);
  for (const [run, chunks] of runs) {
    const assets = await checkRun(found, say, run, chunks);
    const { says, plan } = chunks[0];
    if (says.slot.startsWith("adhoc-")) continue;
    const key = `${says.slot} ${plan}`;
    covered.set(key, { slot: says.slot, plan, assets: new Set([...(covered.get(key)?.assets ?? []), ...assets]) });
  }
  say.note(`${runs.size} runs`);
  return [...covered.values()];
}

async function checkRun(found, say, run, chunks) {
  const alike = new Set(chunks.map(({ says, plan }) => JSON.stringify([says.slot, plan, says.assets])));
  if (alike.size > 1) {
    say.fail(`${run}: its chunks differ in slot, plan or asset list`);
    return [];
  }
  const numbers = chunks.map(({ says }) => says.chunk).sort((a, b) => a - b);
  const last = chunks.find(({ says }) => says.chunk === numbers.at(-1));
  if (new Set(numbers).size < numbers.length || chunks.some((chunk) => chunk.says.last && chunk !== last)) {
    say.fail(`${run}: a chunk stands twice, or after the last one`);
  }
  let assets;
  try {
    assets = new Set((await blobOf(found, last.says.assets, last.says.assets_bytes, ASSETS)).map((row) => row.asset));
  } catch (error) {
    say.fail(`${run}: its asset list: ${error.message}`);
    return [];
  }
  const rows = chunks.flatMap(({ says }) => says.outcomes.map((row) => row.asset));
  const seen = new Set(rows);
  const missing = [...assets].filter((asset) => !seen.has(asset));
  if (seen.size < rows.length) say.fail(`${run}: more than one outcome for an asset`);
  if (rows.some((asset) => !assets.has(asset))) say.fail(`${run}: an outcome for what is not on its list`);
  if (numbers.some((chunk, at) => chunk !== at) || !last.says.last) {
    say.gap(`${run}: unfinished: ${chunks.length} chunks are here, ${missing.length} assets have no outcome`);
  } else if (missing.length > 0) {
    say.fail(`${run}: no outcome for ${named(missing)}`);
  }
  return assets;
}

const named = (assets) => {
  const names = sorted(assets);
  return names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
};

// Derive and settle the slots of the bundle's period, as its own statements tell of them.
async function calendarOf(found, say, supplied) {
  const period = (found.info.get("Plantproof-Period") ?? "").split(" ");
  need(period.length === 3, `${BAG_INFO}: expected a period`);
  const [since, until] = period.slice(1).map(seconds);
  const asOf = seconds(found.info.get("Plantproof-As-Of") ?? "");
  const end = Math.min(until, asOf);
  const parts = supplied.map(({ index, digest, says }) => ({
    index, digest, slot: says.slot, run: says.run, after: says.after, said: says.ended, ended: seconds(says.ended),
    results: new Map(says.outcomes.map((row) => [row.asset, row.result])),
  }));
  const known = knownOf(parts);
  for (const part of parts) part.covering = Math.max(part.ended, part.after ? known(part.after.size) : EVER);
  const stated = [];
  for (const { index, says } of countingOf(found, "plan")) {
    stated.push({ index, blob: says.blob, bytes: says.bytes, at: says.at === undefined ? null : seconds(says.at) });
  }
  const plans = [];
  for (const one of inForce(stated, known)) {
    try {
      plans.push({ ...one, plan: await blobOf(found, one.blob, one.bytes, PLAN) });
    } catch (error) {
      say.fail(`leaf ${one.index}: its plan: ${error.message}`);
    }
  }
  const due = slotsDue(plans, until);
  const [told, excuses] = [grouped(parts, (part) => part.slot), grouped(excusesOf(found), (each) => each.slot)];
  const asked = [...due.values()].filter((slot) => slot.moment >= since);
  const settled = asked
    .filter((slot) => slot.moment <= end)
    .map((slot) => settle(slot, told.get(slot.name) ?? [], excuses.get(slot.name) ?? [], asOf));
  const later = asked.filter((slot) => slot.moment > end);
  return { since, asOf, end, parts, stated, plans, due, settled, later, reach: reachOf(plans.at(-1)) };
}

// Until when a plan says what is due; null where it says nothing of it.
function reachOf(one) {
  const ends = (one?.plan.slots ?? []).map((row) => seconds(row.first) + row.every_s * row.count);
  return ends.length > 0 ? Math.max(...ends) : null;
}

// The same thing said twice counts once, as the later statement's.
function excusesOf(found) {
  const excuses = new Map();
  for (const { digest, says } of countingOf(found, "missed")) {
    const key = JSON.stringify([says.slot, says.reason, says.at, says.assets]);
    if (excuses.has(key)) excuses.get(key).digest = digest;
    else excuses.set(key, { slot: says.slot, reason: says.reason, at: says.at, assets: says.assets, digest });
  }
  return [...excuses.values()];
}

function sayTroubles(calendar, say) {
  for (const part of calendar.parts.filter((each) => each.ended < each.covering)) {
    say.gap(`leaf ${part.index}: clock-suspect: says it ended at ${part.said}, and knew evidence of ${utc(part.covering)}`);
  }
  const silent = calendar.settled.filter((slot) => !slot.begun && slot.assets.size > 0 && having(slot, "gap").length === slot.assets.size);
  for (const [job, slots] of grouped(silent, (slot) => slot.job)) {
    say.gap(`${slots.length} slots of ${job}, ${slots[0].name} to ${slots.at(-1).name}: gap: no run at all`);
  }
  for (const slot of calendar.settled.filter((each) => !silent.includes(each))) {
    for (const word of ["gap", "missed", "late", "pending"]) {
      const assets = having(slot, word);
      if (assets.length > 0) say.gap(`${slot.name}: ${word}: ${named(assets)}`);
    }
  }
  if (calendar.reach !== null && calendar.reach < calendar.end) say.gap(`what was due after ${utc(calendar.reach)}: no plan reaches further`);
  say.note(`${calendar.settled.length} slots due from ${utc(calendar.since)} to ${utc(calendar.end)}`);
}

// Say what the period or the bundle's moment cuts, and what only the sealer vouches for.
function sayEdges(calendar, found, say) {
  const { later, due, since, asOf } = calendar;
  if (later.length > 0) say.gap(`${later.length} slots from ${later[0].name} to ${later.at(-1).name}: due in the period, and this bundle ends at ${utc(asOf)}`);
  for (const slot of sorted(new Set(calendar.parts.map((part) => part.slot)))) {
    if (due.has(slot) && due.get(slot).moment < since) say.gap(`${slot}: due before the period began; whether it is whole, a bundle of that time says`);
  }
  const earlier = calendar.stated.filter((plan) => plan.index < found.before);
  earlier.slice(1).forEach((other, at) => {
    const before = earlier[at];
    if (before.at !== null && other.at !== null && other.at < before.at && other.index !== before.index + 1) {
      say.gap(`leaf ${other.index}: says it was stated before leaf ${before.index}; why it counts is not shown`);
    }
  });
  const newest = earlier.at(-1);
  const asked = newest && [...due.values()].some((slot) => slot.moment >= since && slot.blob === newest.blob);
  const about = ({ kind, index, plan }) =>
    index >= found.before && kind !== "plan" && kind !== "export" && !Object.hasOwn(OTHER_FIRST_SUBJECT, kind) && plan === newest.blob;
  if (asked && !found.supplied.some(about)) say.gap(`whether leaf ${newest.index} was the newest plan before leaf ${found.before}: only the sealer says so`);
}

function sayUnplanned(covered, calendar, say) {
  const planned = new Map(calendar.plans.map(({ blob, plan }) => [blob, new Set(plan.assets.map((row) => row.asset))]));
  for (const { slot, plan, assets } of covered) {
    const due = calendar.due.get(slot)?.assets;
    const wanted = due ?? planned.get(plan);
    if (!wanted) continue;
    const missing = [...wanted].filter((asset) => !assets.has(asset));
    const extra = [...assets].filter((asset) => !wanted.has(asset));
    if (!due && missing.length > 0) say.gap(`${slot}: planned, and in no run: ${named(missing)}`);
    if (extra.length > 0) say.gap(`${slot}: in a run, and not planned: ${named(extra)}`);
  }
}
