// Statements: what each kind holds, who may sign it, and what it is about (in-toto Statement v1).

const ROLE_OF = {
  genesis: "root", key: "root", plan: "planner", missed: "planner", part: "collector", findings: "assessor",
  export: "sealer", quarantine: "sealer", exception: "owner", erasure: "owner", approval: "owner",
  attestation: "owner", review: "owner", anchor: "sealer",
};
const ROLES = ["root", "planner", "collector", "assessor", "sealer", "owner"];
const OTHER_FIRST_SUBJECT = { genesis: "root", key: "key", quarantine: "object", anchor: "checkpoint" };

// Each of these tells whether a value has a shape.
const text = (longest = 65536) => (value) =>
  typeof value === "string" && value.length > 0 && (value.length <= longest || [...value].length <= longest);
const whole = (least = 0) => (value) => Number.isSafeInteger(value) && value >= least;
const flag = (value) => typeof value === "boolean";
const one = (...words) => (value) => words.includes(value);
const like = (pattern) => (value) => typeof value === "string" && pattern.test(value);
const listOf = (shape, atMost = Infinity) => (value) => Array.isArray(value) && value.length <= atMost && value.every((each) => shape(each));
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const orNull = (shape) => (value) => value === null || shape(value);
const time = (value) => typeof value === "string" && utcOrNothing(value) !== null;
const record = (required, optional = {}) => (value) =>
  isObject(value) &&
  Object.keys(required).every((key) => Object.hasOwn(value, key)) &&
  Object.entries(value).every(([key, each]) =>
    Object.hasOwn(required, key) ? required[key](each) : Object.hasOwn(optional, key) && optional[key](each));
const inShape = (value, shape) => shape(value);

function utcOrNothing(value) {
  try {
    return seconds(value);
  } catch {
    return null;
  }
}

const ENVELOPE = record({
  payload: (value) => typeof value === "string" && value.length > 0 && value.length <= MAX_STATEMENT_BYTES,
  payloadType: one("application/vnd.in-toto+json"),
  signatures: (value) => listOf(record({ keyid: text(100), sig: text(100) }))(value) && value.length === 1,
});
const STATEMENT = record({
  _type: one("https://in-toto.io/Statement/v1"),
  subject: (value) =>
    listOf(record({ name: text(1024), digest: record({ sha256: like(/^[0-9a-f]{64}$/) }) }), 200000)(value) && value.length > 0,
  predicateType: text(),
  predicate: isObject,
});

const keyLine = (value) => typeof value === "string" && nothingThrown(() => publicKey(value));
const slot = like(/^[a-z0-9][a-z0-9._-]{0,60}-[0-9]{8}T[0-9]{4}([0-9]{2})?Z(-[0-9a-f]{6})?$/);
const digests = (value) => listOf(isDigest, 10000)(value) && inOrder(value);
const names = (value) => listOf(text(Infinity))(value) && inOrder(value);
const logged = { log: text() };

function nothingThrown(act) {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

const TAG = /^<(secret|default):snmp-community:[A-Za-z0-9_.-]+:[0-9a-f]{20}>$/;
const ACCESS = (value) =>
  record({ version: one("1", "2c"), community: like(TAG) })(value) ||
  (record(
    { version: one("3"), user: text(256), level: text() },
    { auth: one("sha1", "sha224", "sha256", "sha384", "sha512"), priv: one("des", "aes128", "aes192", "aes256", "aes192c", "aes256c") },
  )(value) &&
    !(value.priv && !value.auth) &&
    value.level === (value.priv ? "authPriv" : value.auth ? "authNoPriv" : "noAuthNoPriv"));
const ALGORITHM = like(/^[!-+\--~]{1,64}$/);
// What OpenSSH's client no longer offers by itself (ssh_config(5) of 9.2).
const LEGACY = [
  "diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "ssh-rsa", "ssh-dss",
  "aes256-cbc", "aes192-cbc", "aes128-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc", "blowfish-cbc", "cast128-cbc",
  "arcfour256", "arcfour128", "arcfour", "des-cbc", "none", "hmac-sha1-96", "hmac-sha1-96-etm@openssh.com", "hmac-md5",
  "hmac-md5-etm@openssh.com", "hmac-md5-96", "hmac-md5-96-etm@openssh.com",
];
const some = (list) => (value) => list(value) && value.length > 0;
const SSH = record(
  { kex: ALGORITHM, host_key: ALGORITHM, cipher: ALGORITHM },
  { mac: ALGORITHM, offered: some((value) => listOf(one(...LEGACY))(value) && inOrder(value)), via: some(listOf(text(600), 8)) },
);
const CAPTURE = record(
  {
    asset: text(), question: text(), transport: text(), request: text(), at: time, took_ms: whole(), bytes: whole(),
    blob: isDigest, ttl_s: whole(), class: one("technical", "personal"), redactions: whole(), complete: flag,
  },
  {
    platform: text(), reason: text(), host_key: text(), access: ACCESS, ssh: SSH,
    volatile: record({ blob: isDigest, offset: whole(), length: whole() }),
    sealed: record({ digest: isDigest, bytes: whole(1) }), salt: one(16),
  },
);
const RESULT = one(
  "collected", "partial", "unreachable", "auth-failed", "refused", "left-alone", "out-of-window", "off-by-schedule",
  "excluded", "interrupted",
);
const REGISTER = record({ ...logged, at: time, entries: some(listOf(isObject, 10000)) });
const COUNTS = ["supports", "contradicts", "not_assessed", "not_applicable", "due", "excepted"];

const saidOfAKey = { ...logged, role: one(...ROLES), verify_key: keyLine, at: time };
const orderedBy = (shape, key) => (value) => listOf(shape)(value) && inOrder(value.map((row) => row[key]));
const BLOB_LIST = orderedBy(record({ blob: isDigest, bytes: whole() }), "blob");
const TOKENS = (value) => orderedBy(record({ authority: text(100), token: isDigest }), "token")(value) && value.length > 0 && value.length <= 100;

// What a predicate holds.
const PREDICATES = {
  genesis: record({ version: one(1), owner: text(), domain: text(253), root: keyLine, at: time }, { spare: keyLine }),
  key: (value) =>
    record({ ...saidOfAKey, act: one("grant", "retire") })(value) ||
    record({ ...saidOfAKey, act: one("revoke"), distrust_from: whole(), reason: text(500) })(value),
  plan: record({ ...logged, blob: isDigest, bytes: whole() }, { at: time }),
  missed: record({ ...logged, slot, reason: text(1000), at: time, assets: names }),
  part: record(
    {
      ...logged, run: text(200), slot, label: text(200), chunk: whole(), last: flag, previous: digests,
      after: orNull(record({ size: whole(1), root: text(64) })), assets: isDigest, assets_bytes: whole(),
      packed: listOf(record({ blob: isDigest, bytes: whole() })), started: time, ended: time, clock: isObject,
      tool: isObject, run_by: isObject, outcomes: listOf(record({ asset: text(), result: RESULT }, { reason: text() })),
      captures: listOf(CAPTURE), conduct: isObject, redaction: isObject,
    },
    { platforms: isDigest, platforms_bytes: whole() },
  ),
  findings: record({
    ...logged, as_of: time, size: whole(1), root: text(64), profile: text(100), controls: isDigest,
    controls_bytes: whole(), platforms: isDigest, platforms_bytes: whole(),
    registers: (value) =>
      listOf(record({ kind: text(32), digest: isDigest }))(value) && inOrder(value.map((row) => row.kind)),
    tool: record({ name: () => true, version: text(100) }), results: isDigest, results_bytes: whole(),
    counts: record(Object.fromEntries(COUNTS.map((name) => [name, whole()]))),
  }),
  export: record(
    {
      ...logged, period: text(100), since: time, until: time, as_of: time, previous: whole(), size: whole(1),
      root: text(64), files: whole(), withheld: whole(), tool: text(100), at: time, assets: listOf(text(Infinity)),
      controls: listOf(text(Infinity)),
    },
    { profile: text(), recipient: text(), shared: record({ place: text(1100), until: time }) },
  ),
  quarantine: record({ ...logged, key: text(), found: isDigest, reason: text(500), at: time }),
  anchor: record({ ...logged, at: time, size: whole(1), root: text(64), tokens: TOKENS, certificates: BLOB_LIST, crls: BLOB_LIST }),
  review: record({ ...logged, at: time, by: text(500), reason: text(2000) }),
  erasure: record({
    ...logged, at: time, by: text(500), reason: text(2000), size: whole(1), root: text(64),
    affected: some((value) => listOf(isDigest, 200000)(value) && inOrder(value)),
  }),
  exception: REGISTER,
  approval: REGISTER,
  attestation: REGISTER,
};

const keyDigest = (line) => digestOf(publicKey(line));

// What a statement of each kind has to be about: name and digest of each subject behind the plan, or of all of them.
const SUBJECTS = {
  genesis: (p) => [["root", keyDigest(p.root)]],
  key: (p) => [["key", keyDigest(p.verify_key)]],
  plan: (p) => [["plan", bare(p.blob)]],
  quarantine: (p) => [["object", bare(p.found)]],
  missed: (p, plan) => [plan],
  exception: (p, plan) => [plan],
  approval: (p, plan) => [plan],
  attestation: (p, plan) => [plan],
  anchor: (p, checkpoint) => [checkpoint],
  export: (p, plan, manifest) => [plan, ["tagmanifest", manifest?.[1]]],
  review: (p, plan, ...rest) => {
    need(rest.length > 0, "review: lets nothing count");
    return [plan, ...sorted(new Set(rest.slice(0, 10000).map(([, digest]) => digest))).map((digest) => ["adopted", digest])];
  },
  erasure: (p, plan, ...rest) => {
    need(rest.length > 0 && rest.length <= 10000, "erasure: removes nothing, or too much");
    const of = (name) => sorted(new Set(rest.filter(([each]) => each === name).map(([, digest]) => digest))).map((digest) => [name, digest]);
    return [plan, ...of("artefact"), ...of("original")];
  },
  findings: (p, plan) => [plan, ["results", bare(p.results)]],
  part: (p, plan) => [
    plan,
    ...new Map(p.captures.map((c) => [`${c.asset}/${c.question} ${c.blob}`, [`${c.asset}/${c.question}`, bare(c.blob)]])).values(),
  ],
};

// Check a statement's form, and return its kind.
function kindOf(statement) {
  need(inShape(statement, STATEMENT), "not a statement as we write it");
  const kind = /^urn:plantproof:([a-z]+):v1$/.exec(statement.predicateType)?.[1] ?? "";
  const subjects = statement.subject.map((subject) => [subject.name, subject.digest.sha256]);
  if (!Object.hasOwn(ROLE_OF, kind)) return null;
  need(subjects[0][0] === (OTHER_FIRST_SUBJECT[kind] ?? "plan"), `${kind}: its first subject is another`);
  const predicate = statement.predicate;
  need(inShape(predicate, PREDICATES[kind]), `${kind}: what it says is not written our way`);
  if (PREDICATES[kind] === REGISTER) need(areEntries(kind, predicate.entries), `${kind}: an entry is not written our way`);
  const about = SUBJECTS[kind](predicate, ...subjects);
  need(JSON.stringify(about) === JSON.stringify(subjects), `${kind}: it is about something else than it says`);
  if (kind === "part") checkPart(predicate);
  return kind;
}

function checkPart(part) {
  const packed = new Map(part.packed.map((row) => [row.blob, row.bytes]));
  need(inOrder(part.packed.map((row) => row.blob)), "part: packed: expected each blob once, in order");
  for (const { asset, volatile, transport, ssh, access } of part.captures) {
    need(ssh === undefined || transport === "ssh", `part: ${asset}: says what SSH agreed, and was not asked by SSH`);
    need(access === undefined || transport === "snmp", `part: ${asset}: says how SNMP was asked, and was not`);
    const inside = volatile === undefined || volatile.offset + volatile.length <= (packed.get(volatile.blob) ?? -1);
    need(inside, `part: ${asset}: a volatile segment lies outside the packed blobs`);
  }
  const named = part.captures.some(({ salt }) => salt !== undefined) ? grouped(blobsOf("part", part), ([blob]) => blob) : null;
  for (const { asset, blob, bytes, volatile, salt, class: kind } of part.captures.filter((each) => each.salt !== undefined)) {
    need(kind === "personal", `part: ${asset}: a salt, and no personal answer`);
    need(bytes >= salt, `part: ${asset}: a personal answer is shorter than its salt`);
    need(volatile === undefined, `part: ${asset}: a personal answer has a volatile segment, which lies among those of others`);
    need(named.get(blob).length === 1, `part: ${asset}: a personal answer shares its blob`);
  }
  const { log, log_bytes: length } = part.conduct;
  need((log ?? length ?? null) === null || (isDigest(log) && whole()(length)), "part: conduct: expected a log and its length");
}

// Every blob a statement names and its length; two lengths of one blob do not go together.
const blobsOf = (kind, p) => [
  ...listsOf(kind, p), ...(kind === "part" ? [...p.packed, ...p.captures] : []).map((row) => [row.blob, row.bytes]),
];

// The blobs that a log is read with and a statement names, and their lengths; an answer may be the same.
function listsOf(kind, p) {
  const rows = {
    plan: () => [[p.blob, p.bytes]],
    findings: () => [[p.controls, p.controls_bytes], [p.platforms, p.platforms_bytes], [p.results, p.results_bytes]],
    anchor: () => [...p.certificates, ...p.crls].map((row) => [row.blob, row.bytes]),
    part: () => [
      [p.assets, p.assets_bytes],
      ...(p.conduct.log ? [[p.conduct.log, p.conduct.log_bytes]] : []),
      ...(p.platforms && p.platforms_bytes !== undefined ? [[p.platforms, p.platforms_bytes]] : []),
    ],
  };
  return kind in rows ? rows[kind]() : [];
}

// Everything a statement names that came of a device: blobs, and encrypted originals.
const answersOf = (kind, p) => new Set(kind === "part"
  ? [...p.packed.map((row) => row.blob), ...p.captures.flatMap((row) => [row.blob, ...(row.sealed ? [row.sealed.digest] : [])])]
  : []);
