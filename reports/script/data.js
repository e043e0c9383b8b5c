// The findings: columns of numbers into tables of texts, unpacked once.

let data = null;
let total = 0;

async function unpack(element) {
  const raw = atob(element.textContent.trim());
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  data = JSON.parse(await new Response(stream).text());
  element.textContent = "";
  total = data.severity.length;
  for (const column of ["severity", "status", "concern", "change"]) data[column] = Uint8Array.from(data[column]);
  for (const column of ["rule", "type", "scope", "region", "owner", "prefix", "cause", "message", "command", "keep"]) data[column] = Uint32Array.from(data[column]);
}

const NAME = "\u0001";
const nameOf = (row) => data.name[row] || idOf(row);
const idOf = (row) => data.tables.prefix[data.prefix[row]].replaceAll(NAME, () => data.name[row]);
const messageOf = (row) => data.messages[data.message[row]].replaceAll(NAME, () => data.name[row]);
const commandOf = (column, row) => data.commands[data[column][row]].replaceAll(NAME, () => data.name[row]);
const ruleOf = (row) => data.rules[data.rule[row]];
const causeOf = (row) => data.causes[data.cause[row]];
const kindOf = (row) => data.kinds[data.type[row]];
const textOf = (column, row) => data.tables[column][data[column][row]];
const severityOf = (row) => data.severities[data.severity[row]];
const fingerprintOf = (row) => data.fingerprint.substr(row * 32, 32).trim();
// What code declares is looked for by its file and line, what runs by account and region.
const placeOf = (row) => moreOf(row).file || [textOf("scope", row), textOf("region", row)].filter((part) => part.trim()).join(" ");
const whereOf = (row) => (moreOf(row).file ? [moreOf(row).file] : [textOf("scope", row).replace(/^(files|code)\//, ""), textOf("region", row)].filter((part) => part.trim()));
const moreOf = (row) => data.more[row] || {};

function rowOfFingerprint(wanted) {
  if (!/^[0-9a-f]{6,32}$/.test(wanted)) return -1;
  for (let row = 0; row < total; row++) if (data.fingerprint.startsWith(wanted, row * 32)) return row;
  return -1;
}

function evidenceOf(row) {
  const numbers = data.evidence[row];
  const clauses = [];
  for (let i = 0; i < numbers.length; i += 6) {
    const [said, path, expected, actual, source, resource] = numbers.slice(i, i + 6).map((n) => data.texts[n]);
    clauses.push({ said, path, expected, actual, source, resource });
  }
  return clauses;
}
