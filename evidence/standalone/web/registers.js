// What owners declare in registers: exceptions, approvals, attestations, column by column.

const MAX_WORDS = 2000; // longest text of a column
const MAX_ENTRIES = 10000; // most texts of one
const BREAKS = /[\t\n]/;

const visible = (longest) => (value) => text(longest)(value) && value === value.trim() && !BREAKS.test(value) && harmless(value) === value;
const several = (shape) => (value) => listOf(shape, MAX_ENTRIES)(value) && value.length > 0 && new Set(value).size === value.length;
const words = visible(MAX_WORDS);
const code = like(/^[A-Z]{2,5}-[0-9]{2}$/);
const day = (value) => typeof value === "string" && time(`${value}T00:00:00Z`);
const count = like(/^(0|[1-9][0-9]{0,11})$/);
const stated = { id: visible(100), act: one("state") };
const attested = { ...stated, kind: () => true, by: words };
const ENDED = record({ id: visible(100), act: one("end"), reason: words });
const ENTRIES = {
  exception: record(
    {
      ...stated, requirement: code, reason_class: one("too-old", "vendor-gone", "process-risk", "other"), reason: words,
      owner: words, approver: words, approved: day, expires: day,
    },
    { assets: several(words), row: words, compensating: several(code), replacement: day },
  ),
  approval: record(
    { ...stated, kind: one("session", "change", "device", "firmware", "rule"), subject: words, begins: time, ends: time, approver: words },
    { assets: several(words), ticket: words },
  ),
};
const ATTESTED = {
  "restore-test": record(
    {
      ...attested, backup: words, start: time, status: one("completed", "failed", "running"),
      validation: one("successful", "failed", "timed-out", "none"),
    },
    {
      asset: words, backup_at: time, backup_hash: words, target: words, method: words, tool: words, end: time, operator: words,
      witness: words, defects: words, evidence: words, rto_goal_s: count, rpo_goal_s: count, checks_expected: count, checks_passed: count,
    },
  ),
  "support-end": record({ ...attested, end: day, origin: words }, { asset: words, model: words, version: words }),
  "known-device": record(
    { ...attested, mac: like(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/), name: words },
    { asset: words, place: words, owner: words },
  ),
  "firmware-baseline": record({ ...attested, version: words }, { asset: words, model: words, origin: words }),
  "legal-hold": record({ ...attested, reason: words }, { asset: words, ticket: words }),
};

// Tell whether these are entries of a register, each id once.
function areEntries(register, entries) {
  const ids = new Set(entries.map((entry) => entry.id));
  return ids.size === entries.length && entries.every((entry) => ENDED(entry) || isEntry(register, entry));
}

function isEntry(register, entry) {
  const own = typeof entry.kind === "string" && Object.hasOwn(ATTESTED, entry.kind) ? ATTESTED[entry.kind] : null;
  const shape = ENTRIES[register] ?? own;
  const inTime = ([first, last]) => entry[first] === undefined || entry[last] === undefined || entry[first] <= entry[last];
  return shape !== null && shape(entry) && [["begins", "ends"], ["approved", "expires"], ["start", "end"]].every(inTime);
}
