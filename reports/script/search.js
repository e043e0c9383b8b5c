// Search: every distinct text is asked once for a word, and a row answers through its numbers.

const ABSENT = 0, PRESENT = 1, ACROSS = 2;
let packed = null;

// All names in lower case, one after another, and where each starts: one pass finds a word in all.
function packedNames() {
  if (packed) return packed;
  const names = data.name.map((name) => name.toLowerCase());
  const starts = new Uint32Array(total + 1);
  for (let row = 0; row < total; row++) starts[row + 1] = starts[row] + names[row].length + 1;
  packed = { names, starts, text: names.join("\n"), fingerprints: data.fingerprint.toLowerCase() };
  return packed;
}

// 1 for each row that holds every word in one of its texts: id, name, message, rule, title, type,
// owner or fingerprint. No text holds white space that a word could.
function rowsWith(words) {
  const kept = new Uint8Array(total).fill(1);
  for (const word of words) keepRowsWith(word, kept);
  return kept;
}

function keepRowsWith(word, kept) {
  const { names } = packedNames();
  const within = (texts) => Uint8Array.from(texts, (text) => (text.toLowerCase().includes(word) ? PRESENT : ABSENT));
  const rules = within(data.rules.map((rule) => rule.id + "\n" + rule.title));
  const types = within(data.tables.type), owners = within(data.tables.owner);
  const ids = data.tables.prefix.map((text) => template(text, word)), messages = data.messages.map((text) => template(text, word));
  const idStates = Uint8Array.from(ids, (one) => one.state), messageStates = Uint8Array.from(messages, (one) => one.state);
  const own = rowsNaming(word);
  for (let row = 0; row < total; row++) {
    if (!kept[row] || own[row] || rules[data.rule[row]] || types[data.type[row]] || owners[data.owner[row]]) continue;
    const id = data.prefix[row], message = data.message[row];
    const states = idStates[id] | messageStates[message];
    if (states & PRESENT) continue;
    if (states & ACROSS && (holdsAcross(ids[id], names[row], word) || holdsAcross(messages[message], names[row], word))) continue;
    kept[row] = 0;
  }
}

// The rows whose name or fingerprint holds the word.
function rowsNaming(word) {
  const found = new Uint8Array(total);
  const { starts, text, fingerprints } = packedNames();
  let row = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, starts[row])) {
    while (starts[row + 1] <= at) row++;
    found[row++] = 1;
    if (row >= total) break;
  }
  for (let at = fingerprints.indexOf(word); at >= 0;) {
    const of = Math.floor(at / 32);
    const isWithin = at + word.length <= (of + 1) * 32;
    if (isWithin) found[of] = 1;
    at = fingerprints.indexOf(word, isWithin ? (of + 1) * 32 : at + 1);
  }
  return found;
}

// A text in which the name stands as NAME: it holds the word, or may hold it across the name's
// edge (then the row must be asked), or neither.
function template(text, word) {
  const parts = text.toLowerCase().split(NAME);
  if (parts.some((part) => part.includes(word))) return { parts, state: PRESENT };
  let state = parts.length > 2 ? ACROSS : ABSENT;
  for (let cut = 1; parts.length === 2 && cut < word.length && !state; cut++) {
    if (parts[0].endsWith(word.slice(0, cut)) || parts[1].startsWith(word.slice(cut))) state = ACROSS;
  }
  return { parts, state };
}

const holdsAcross = (one, name, word) => one.state === ACROSS && one.parts.join(name).includes(word);
