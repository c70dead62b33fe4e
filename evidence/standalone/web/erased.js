// What an owner says was removed: a list of all statements that name it, or it excuses nothing.

const namedBy = ({ kind, says }) => ({
  answers: answersOf(kind, says), others: new Set(listsOf(kind, says).map(([blob]) => blob)),
});
const meets = (one, other) => [...one].some((each) => other.has(each));

// Return what is gone, and in words by which erasure; what a later statement names was collected again.
function erasedOf(found, say) {
  const erasures = countingOf(found, "erasure");
  const gone = new Map();
  if (erasures.length === 0) return gone;
  const named = found.supplied.map((one) => ({ ...one, ...namedBy(one) }));
  for (const { index, says, about } of erasures) {
    const trouble = troubleOf(named, new Set(about), says);
    if (trouble) {
      say.fail(`leaf ${index}: erasure: ${trouble}`);
      continue;
    }
    const told = `erased on ${says.at} by ${says.by}: ${says.reason}`;
    say.note(`leaf ${index}: ${told}; ${says.affected.length} statements name what is gone`);
    for (const digest of about) gone.set(digest, { size: says.size, told });
  }
  if (found.previous || found.withheld.size > 0) say.gap("whether erasures list all statements they affect: not all are here");
  for (const [digest, { size }] of [...gone]) {
    if (named.some(({ index, answers, others }) => index >= size && (answers.has(digest) || others.has(digest)))) gone.delete(digest);
  }
  return gone;
}

// Return what is wrong with an erasure's list, of the statements that are here.
function troubleOf(named, digests, says) {
  const below = named.filter(({ index }) => index < says.size);
  if (below.some(({ others }) => meets(others, digests))) return "removes what is no answer; without it the log cannot be read";
  const affected = new Set(below.filter(({ answers }) => meets(answers, digests)).map(({ digest }) => digest));
  const here = new Set(named.map(({ digest }) => digest));
  const listed = new Set(says.affected.filter((digest) => here.has(digest)));
  const left = [...affected].find((digest) => !listed.has(digest));
  if (left) return `${left} names what was erased, and is not listed`;
  const idle = [...listed].find((digest) => !affected.has(digest));
  return idle ? `lists ${idle}, which names nothing of it` : null;
}
