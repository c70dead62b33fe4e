// Tables as a bundle holds them, and `gaps.csv` made again from its statements.

const GAPS = "data/gaps.csv";
const GAPS_HEADER = ["slot", "run", "asset", "result", "reason", "at", "statement"];

// Write a cell (RFC 4180) that no spreadsheet runs (OWASP: CSV Injection), on one line, with nothing that cannot be seen.
function shown(value) {
  const line = harmless(value ?? "").replace(/\n/g, "\\n").replace(/\t/g, "\\t");
  return /^[=+\-@\t\r]/.test(line) && !/^[+-]?[0-9]+(\.[0-9]+)?$/.test(line) ? `'${line}` : line;
}

const quoted = (line) => (/[",\n\r]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line);
const csvLine = (cells) => cells.map((value) => quoted(shown(value))).join(",");
const csvTable = (rows) => `\ufeff${rows.map((row) => `${csvLine(row)}\r\n`).join("")}`;

// Return the table of gaps; `calendar` is null where no plan says when anything is due.
function gapsTable(parts, calendar) {
  const ordered = [...parts].sort(
    (a, b) => byCodePoint(a.says.started, b.says.started) || byCodePoint(a.says.run, b.says.run) || a.says.chunk - b.says.chunk || byCodePoint(a.digest, b.digest),
  );
  const rows = [GAPS_HEADER];
  for (const { says, digest } of ordered) {
    for (const { asset, result, reason } of says.outcomes) {
      if (result !== "collected") rows.push([says.slot, says.run, asset, result, reason, says.ended, digest]);
    }
  }
  rows.push(...unfinishedRows(ordered));
  if (calendar !== null) {
    for (const slot of calendar.settled) rows.push(...slotRows(slot));
    rows.push(...laterRows(calendar));
    if (calendar.reach !== null && calendar.reach < calendar.end) {
      rows.push(["", "", "", "unplanned", "no plan says what was due from then on", utc(calendar.reach), ""]);
    }
    rows.push(...absentRows(ordered, calendar.settled));
  }
  return csvTable(rows);
}

function unfinishedRows(ordered) {
  const runs = grouped(ordered, (part) => part.says.run);
  return [...runs]
    .filter(([, parts]) => !parts.some((part) => part.says.last))
    .map(([run, parts]) => {
      const { says, digest } = parts.at(-1);
      return [says.slot, run, "", "unfinished", "the run's last part is not there; assets may lack an outcome", says.ended, digest];
    });
}

function grouped(items, keyOf) {
  const found = new Map();
  for (const item of items) found.set(keyOf(item), [...(found.get(keyOf(item)) ?? []), item]);
  return found;
}

// Return what is not as planned of a slot: in one row where there is no run, and it is the same of all assets.
function slotRows(slot) {
  const [due, deadline] = [utc(slot.moment), utc(slot.deadline)];
  const late = having(slot, "late").map((asset) => {
    const { part } = slot.fates.get(asset);
    return [slot.name, part.run, asset, "late", `in time was until ${deadline}`, utc(part.covering), part.digest];
  });
  const told = new Map();
  for (const asset of sorted(slot.assets)) {
    const { word, why } = slot.fates.get(asset);
    if (word === "gap") told.set(asset, ["gap", "no outcome, and nobody said why", due, ""]);
    if (word === "pending") told.set(asset, ["pending", `no outcome yet; in time is until ${deadline}`, due, ""]);
    if (word === "missed") {
      told.set(asset, ["missed", why.map((each) => each.reason).join("; "), why.at(-1).at, why.map((each) => each.digest).join(" ")]);
    }
  }
  const alike = new Set([...told.values()].map((row) => JSON.stringify(row)));
  if (!slot.begun && told.size > 1 && alike.size === 1) {
    const [result, reason, ...more] = told.values().next().value;
    return [...late, [slot.name, "", "", result, `${reason}; no run at all, ${told.size} assets were due`, ...more]];
  }
  return [...late, ...[...told].map(([asset, row]) => [slot.name, "", asset, ...row])];
}

// Return of each job what was due in the period after the moment up to which the bundle knows anything.
function laterRows({ later, asOf }) {
  return sorted(new Set(later.map((slot) => slot.job))).map((job) => {
    const own = later.filter((slot) => slot.job === job);
    const more = own.length > 1 ? `, as are ${own.length - 1} more of ${job} up to ${own.at(-1).name}` : "";
    return [own[0].name, "", "", "pending", `due after ${utc(asOf)}, of which this bundle knows nothing${more}`, utc(own[0].moment), ""];
  });
}

// Return the parts that others of the same slot say there are, of slots whose time is over.
function absentRows(ordered, settled) {
  return settled
    .filter((slot) => slot.begun && having(slot, "pending").length === 0)
    .flatMap((slot) => {
      const labels = ordered.filter((part) => part.says.slot === slot.name).map((part) => part.says.label);
      const lacking = ["gap", "missed", "late"].some((word) => having(slot, word).length > 0);
      return absentOf(new Set(labels), lacking).map((part) => [slot.name, "", "", "part-absent", `part ${part}`, utc(slot.deadline), ""]);
    });
}

// Return what is missing of the division of a run, `2/5` or `awx-17/5`, that is nearest to being whole.
function absentOf(labels, lacking) {
  const divisions = new Map();
  for (const label of labels) {
    const match = /^([1-9][0-9]{0,3}|[a-z][a-z0-9._-]{0,60})\/([1-9][0-9]{0,3})$/.exec(label);
    const [name, count] = match ? [match[1], Number(match[2])] : ["", 0];
    if (!match || (/^[0-9]+$/.test(name) && Number(name) > count)) continue;
    divisions.set(count, (divisions.get(count) ?? new Set()).add(name));
  }
  if (divisions.size === 0) return [];
  const [count, known] = [...divisions].sort(([a, one], [b, other]) => a - one.size - (b - other.size) || a - b)[0];
  if ([...known].every((name) => /^[0-9]+$/.test(name))) {
    return Array.from({ length: count }, (_, at) => at + 1).filter((each) => !known.has(String(each))).map((each) => `${each}/${count}`);
  }
  return lacking && known.size < count ? [`${count - known.size} of ${count}`] : [];
}
