// The tables of findings, against the rows that the assessor signed. What a requirement is called and which framework's ids
// it serves stands in a catalogue this page cannot read; everything else of a row is made again.

const FINDINGS = "data/findings.csv";
const CONTROLS = "data/controls/";
const FINDINGS_HEADER = "id,requirement,title,asset,row,status,due,reason,exception,evidence,profile,statement";
const INDEX_HEADER = "control,requirement,asset,row,status,due,reason,exception,evidence,finding";
const ID_DIGITS = 12;
const RESULTS = (value) =>
  listOf(
    record(
      {
        requirement: text(20), status: one("supports", "contradicts", "not-assessed", "not-applicable"), reason: text(),
        evidence: (each) => listOf(isDigest, 100000)(each) && inOrder(each),
      },
      { asset: text(), row: text(), due: flag, exception: text() },
    ),
  )(value) &&
  value.every((row) => row.status === "not-assessed" || row.evidence.length > 0) &&
  value.every((row, at) => at === 0 || judgedBefore(value[at - 1], row));

// Tell whether a thing that was judged stands before another: by requirement, asset and row.
function judgedBefore(one, other) {
  const key = ["requirement", "asset", "row"].find((name) => (one[name] ?? "") !== (other[name] ?? ""));
  return key !== undefined && byCodePoint(one[key] ?? "", other[key] ?? "") < 0;
}

async function checkFindings(found, say) {
  const tables = [...found.manifest.keys()].filter((path) => path === FINDINGS || path.startsWith(CONTROLS));
  const whole = found.info.get("Plantproof-Narrowed") === "no";
  const statements = countingOf(found, "findings");
  if (tables.length === 0) {
    if (statements.length > 0 && whole) say.fail(`${FINDINGS}: missing, and the log was judged`);
    return;
  }
  need(tables.includes(FINDINGS), `${FINDINGS}: missing, beside ${tables[0]}`);
  const rows = tableRows(await found.bundle.text(FINDINGS), FINDINGS, FINDINGS_HEADER);
  const asOf = found.info.get("Plantproof-As-Of") ?? "";
  if (rows.length === 0) {
    const judged = statements.filter(({ says }) => says.as_of <= asOf);
    const some = whole && judged.length > 0 && judged.every(({ says }) => says.results_bytes > "[]".length);
    return (some ? say.fail : say.gap)(`${FINDINGS}: holds no finding`);
  }
  const statement = statements.find(({ digest }) => digest === rows[0][11]) ?? refuse(`${FINDINGS}: made of ${rows[0][11]}, which is not here`);
  const alike = statements.filter(({ says }) => says.profile === statement.says.profile && says.as_of <= asOf);
  if (alike.at(-1) !== statement) say.fail(`${FINDINGS}: made of ${statement.digest}, and the log was judged again later`);
  const madeOf = [statement.says.results, statement.says.controls];
  if (!madeOf.every((blob) => found.manifest.has(BLOBS + bare(blob)))) return say.gap(`${FINDINGS}: what it is made of is withheld`);
  const results = await blobOf(found, statement.says.results, statement.says.results_bytes, RESULTS);
  const indexes = new Map();
  for (const path of tables.filter((each) => each !== FINDINGS)) {
    need(/^data\/controls\/[^/]+\/index\.csv$/.test(path), `${path}: no table of a framework`);
    indexes.set(path, tableRows(await found.bundle.text(path), path, INDEX_HEADER));
  }
  // The first bundles show what was signed, whatever was erased.
  const forms = [found.erased, new Map()].map((erased) => {
    const made = findingCells(results.map((row) => asItStands(row, erased)), placesOf(found), statement);
    const told = rows.map((row) => row.filter((_, at) => at !== 2));
    const wrong = [...indexes].filter(([, index]) => index.length === 0 || !fitsIndex(index, made, whole)).map(([path]) => path);
    return fits(told, made.map(({ cells }) => cells), whole) ? wrong : [FINDINGS, ...wrong];
  });
  const [wrong] = forms.sort((one, other) => one.length - other.length);
  for (const path of wrong) say.fail(`${path}: not what the findings say`);
  say.note(`the findings of ${statement.says.as_of} by the profile ${statement.says.profile}`);
}

// Read a table strictly: writing its cells again gives the same lines.
function tableRows(table, path, header) {
  const lines = table.replace(/^\ufeff/, "").replace(/\r\n$/, "").split("\r\n");
  need(table === `\ufeff${lines.join("\r\n")}\r\n` && lines[0] === header, `${path}: not a table as we write it`);
  return lines.slice(1).map((line) => {
    const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((each) => each.replace(/,$/, ""));
    const plain = cells.slice(0, header.split(",").length).map((each) => (each.startsWith('"') ? each.slice(1, -1).replaceAll('""', '"') : each));
    need(plain.map(quoted).join(",") === line && plain.length === header.split(",").length, `${path}: a row not written our way`);
    return plain;
  });
}

// Where in the bundle a digest lies: as this asset's answer, as any asset's, as a statement or a list.
function placesOf(found) {
  const answers = new Map();
  const captures = countingOf(found, "part").flatMap(({ says }) => says.captures);
  const assets = new Map();
  for (const { asset, at, question, blob } of captures) {
    const stem = `${EVIDENCE}${shorten(asset, 60)}/${at.slice(0, 10)}/${shorten(question, 40)}`;
    for (const path of [`${stem}.txt`, `${stem}-${bare(blob).slice(0, 8)}.txt`]) assets.set(`${path} ${bare(blob)}`, asset);
  }
  for (const [path, digest] of found.manifest) {
    if (!path.startsWith(EVIDENCE)) continue;
    const asset = assets.get(`${path} ${digest}`);
    for (const key of [`${asset} sha256:${digest}`, `sha256:${digest}`]) if (!answers.has(key)) answers.set(key, path);
  }
  const others = new Map(found.supplied.map(({ kind, digest }) => [digest, `data/statements/${kind}/${bare(digest)}.dsse.json`]));
  for (const blob of found.blobs.keys()) if (found.manifest.has(BLOBS + bare(blob))) others.set(blob, BLOBS + bare(blob));
  return (asset, digest) =>
    (answers.get(`${asset} ${digest}`) ?? answers.get(digest) ?? others.get(digest) ?? digest).replace(/^data\//, "");
}

// A finding that rested on nothing but what is gone is not-assessed.
function asItStands(row, erased) {
  if (row.evidence.length === 0 || !row.evidence.every((digest) => erased.has(digest))) return row;
  const reason = `what it rested on was ${erased.get(row.evidence.at(-1)).told}; it said ${row.status}`;
  return { ...row, status: "not-assessed", due: false, reason };
}

function findingCells(results, placeOf, statement) {
  return results.map(({ requirement, asset, row, status, due, reason, exception, evidence }) => {
    const told = `${requirement}\n${asset ?? ""}\n${row === undefined ? "" : `row ${row}`}`;
    const id = digestOf(utf8(told)).slice(0, ID_DIGITS);
    const files = evidence.map((digest) => placeOf(asset, digest)).join(" ");
    const plain = [requirement, asset, row, status, due ? "yes" : "no", reason, exception, files].map(shown);
    return { id, requirement, plain, cells: [id, ...plain, shown(statement.says.profile), statement.digest] };
  });
}

// Tell whether rows are those that were made: all of them in a whole bundle, some of them in order in a narrower one.
function fits(rows, made, whole) {
  const right = made.map((row) => JSON.stringify(row));
  const told = rows.map((row) => JSON.stringify(row));
  if (whole) return JSON.stringify(told) === JSON.stringify(right);
  const known = new Set(right);
  return told.every((row) => known.has(row));
}

// Tell whether a framework's index says of each finding what the finding says, of each requirement all of it, in order.
function fitsIndex(index, made, whole) {
  const placeOf = (id, [requirement, asset, row]) => JSON.stringify([id, requirement, asset, row]);
  const known = new Map(made.map((one, at) => [placeOf(one.id, one.plain), { at, told: JSON.stringify(one.plain) }]));
  const knownAs = (row) => known.get(placeOf(row.at(-1), row.slice(1)));
  const good = index.every((row) => JSON.stringify(row.slice(1, -1)) === knownAs(row)?.told);
  const counted = grouped(index, (row) => JSON.stringify(row.slice(0, 2)));
  const all = [...counted.values()].every((rows) => {
    const ids = new Set(rows.map((row) => JSON.stringify(row)));
    return ids.size === rows.length && rows.length === made.filter((one) => one.requirement === rows[0][1]).length;
  });
  if (!good || !whole) return good;
  const follows = (one, other) => (one[0] === other[0] ? knownAs(one).at < knownAs(other).at : byCodePoint(one[0], other[0]) < 0);
  return all && index.every((row, at) => at === 0 || follows(index[at - 1], row));
}
