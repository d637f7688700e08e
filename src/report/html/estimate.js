// Estimates from answers how many words of prose are lost and how many of chaff are left, with 95 %
// intervals, as `estimate` in crates/dechaff-core/src/audit/estimate.rs does; a test compares the two. The
// reasons are there. A function of the audit and the answers alone: it uses nothing of the page.

const NORMAL_QUANTILE = 1.959964;
const MAX_FACTOR = 64;

// Returns the shares and words with their intervals, and how many more answers would halve those of the
// shares, or null. An answer has `item` and `answer`; several people may have answered an item.
function estimate(audit, answers) {
  const judged = judgements(answers);
  const strata = audit.strata.map(({ side, words, picks }) => ({ side, words, picks: answeredPicks(picks, judged)
    .map((item) => ({ words: audit.items[item].words, document: audit.items[item].document, ...judged.get(item) })) }));
  const lost = sumOf(strata, "removed", "prose"), removed = sumOf(strata, "removed", "chaff");
  const left = sumOf(strata, "kept", "chaff"), kept = sumOf(strata, "kept", "prose");
  const lossAt = (factor) => shareOf(rare(lost, factor), common(kept, factor));
  const leftAt = (factor) => shareOf(rare(left, factor), common(removed, factor));
  return {
    answers: judged.size, unsure: [...judged.values()].filter(({ prose, chaff }) => prose + chaff <= 0).length,
    loss: lossAt(1), lost_words: rare(lost, 1), left: leftAt(1), left_words: rare(left, 1),
    to_halve: { loss: answersToHalve(lossAt, judged.size), left: answersToHalve(leftAt, judged.size) },
  };
}

// For each answered item, the share of people who say that it is prose or chaff.
function judgements(answers) {
  const judged = new Map();
  for (const { item, answer } of answers) {
    const counts = judged.get(item) || { people: 0, prose: 0, chaff: 0, unsure: 0 };
    counts.people += 1;
    counts[answer] += 1;
    judged.set(item, counts);
  }
  for (const [item, { people, prose, chaff }] of judged) judged.set(item, { prose: prose / people, chaff: chaff / people });
  return judged;
}

// The picks that count: all that are answered, up to the last one that is. Later picks of items that were
// picked before do not count, unless all are answered.
function answeredPicks(picks, judged) {
  const last = picks.findLastIndex((item, at) => judged.has(item) && picks.indexOf(item) === at);
  const end = picks.every((item) => judged.has(item)) ? picks.length : last + 1;
  return picks.slice(0, end).filter((item) => judged.has(item));
}

function sumOf(strata, side, key) {
  const sum = { value: 0, variance: 0, next: 0, unknown: 0, words: 0 }, documents = new Map();
  for (const { words, picks } of strata.filter((stratum) => stratum.side === side)) {
    sum.words += words;
    const number = picks.length;
    if (!number) {
      sum.unknown += words;
      continue;
    }
    const weight = words / number, mean = picks.reduce((total, pick) => total + pick[key], 0) / number;
    let squares = 0, open = 0;
    for (const pick of picks) {
      // An item that is sure to be picked adds no uncertainty.
      const unsure = 1 - Math.min(1, pick.words / weight), deviation = weight * (pick[key] - mean);
      squares += unsure * deviation ** 2;
      documents.set(pick.document, (documents.get(pick.document) || 0) + Math.sqrt(unsure) * deviation);
      open += unsure;
    }
    sum.value += words * mean;
    sum.variance += (squares * number) / Math.max(1, number - 1);
    sum.next = Math.max(sum.next, (weight * open) / number);
  }
  sum.variance = Math.max(sum.variance, [...documents.values()].reduce((total, deviation) => total + deviation ** 2, 0));
  return sum;
}

// The interval of a sum that has few terms, if there were `factor` times as many answers.
function rare(sum, factor) {
  const { value } = sum, variance = sum.variance / factor, next = Math.max(sum.next / factor, sum.unknown);
  const low = value > 0 && variance > 0 ? gammaQuantile(value, variance, -NORMAL_QUANTILE) : value;
  const high = next > 0 || variance > 0 ? gammaQuantile(value + next, variance + next ** 2, NORMAL_QUANTILE) : value;
  return { value, low: Math.min(low, value), high: Math.max(Math.min(high, sum.words), value) };
}

// The interval of a sum that has many terms.
function common(sum, factor) {
  const margin = NORMAL_QUANTILE * Math.sqrt(sum.variance / factor);
  return { value: sum.value, low: Math.max(0, sum.value - margin), high: sum.value + margin + sum.unknown };
}

function gammaQuantile(mean, variance, z) {
  const shape = mean ** 2 / variance;
  return mean * Math.max(0, 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3;
}

// The share of `part` in the sum of both, with the interval that follows from theirs.
function shareOf(part, rest) {
  const ratio = (one, other) => (one > 0 ? one / (one + other) : 0);
  const value = ratio(part.value, rest.value);
  const below = Math.hypot(value - ratio(part.low, rest.value), value - ratio(part.value, rest.high));
  const above = Math.hypot(ratio(part.high, rest.value) - value, ratio(part.value, rest.low) - value);
  return { value, low: Math.max(0, value - below), high: Math.min(1, value + above) };
}

function answersToHalve(shareAt, answers) {
  const width = (factor) => { const { low, high } = shareAt(factor); return high - low; };
  const target = width(1) / 2;
  if (target <= 0 || width(MAX_FACTOR) > target) return null;
  let low = 1, high = MAX_FACTOR;
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (width(middle) > target) low = middle;
    else high = middle;
  }
  return Math.ceil((high - 1) * answers);
}
