// The list: only the rows in view exist; above and below are two rows of the right height.

let entries = [];
const openGroups = new Set();
let rowHeight = 56;
// As many alike in a row are one row that opens.
const ALIKE = 5;
let pending = false;

function arrange() {
  if (!choice.group) { entries = choice.sort ? visible : foldedAlike(); return; }
  const groups = new Map();
  const keyOf = { rule: (row) => data.rule[row], cause: (row) => data.cause[row] }[choice.group] || ((row) => data.prefix[row] + "\n" + data.name[row]);
  for (const row of visible) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  const ordered = [...groups].map(([key, rows]) => groupOf(key, rows));
  ordered.sort((a, b) => a.state - b.state || a.worst - b.worst || b.most - a.most || a.rows[0] - b.rows[0]);
  entries = [];
  for (const group of ordered) {
    entries.push(group);
    if (openGroups.has(group.key)) for (const row of group.rows) entries.push(row);
  }
}

// The same failure on many resources: in the usual order they stand together.
function foldedAlike() {
  const folded = [];
  const isAlike = (a, b) => data.rule[a] === data.rule[b] && data.status[a] === data.status[b] && data.severity[a] === data.severity[b];
  for (let from = 0, to; from < visible.length; from = to) {
    for (to = from + 1; to < visible.length && isAlike(visible[from], visible[to]);) to++;
    const rows = Array.from(visible.subarray(from, to));
    if (rows.length < ALIKE) { folded.push(...rows); continue; }
    const key = `alike ${data.rule[rows[0]]} ${data.status[rows[0]]} ${data.severity[rows[0]]}`;
    folded.push({ ...groupOf(key, rows), isAlike: true });
    if (openGroups.has(key)) folded.push(...rows);
  }
  return folded;
}

// Ranked by what needs a person first: where something is open, what is not known counts less.
function groupOf(key, rows) {
  const state = rows.reduce((low, row) => Math.min(low, data.status[row]), 9);
  const first = rows.filter((row) => data.status[row] === state);
  return { key, rows, state, worst: first.reduce((low, row) => Math.min(low, data.severity[row]), 9), most: first.length };
}

function drawRows() {
  pending = false;
  const box = byId("scroller");
  const room = Math.ceil(box.clientHeight / rowHeight) || 20;
  const first = Math.max(0, Math.min(Math.floor(box.scrollTop / rowHeight) - 4, entries.length - room));
  const last = Math.min(entries.length, first + room + 9);
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.entry : null;
  const rows = [];
  for (let at = first; at < last; at++) rows.push(typeof entries[at] === "number" ? findingRow(entries[at], at) : groupRow(entries[at], at));
  byId("rows").replaceChildren(filler(first), ...rows, filler(entries.length - last));
  // The box is as high as what it holds, up to a limit: the first rows make room for more.
  if (Math.ceil(box.clientHeight / rowHeight) > room) drawSoon();
  if (focused) {
    const again = byId("rows").querySelector(`[data-entry="${focused}"]`);
    (again || box).focus({ preventScroll: true });
  }
}

const focusedEntry = () => {
  const entry = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.entry : undefined;
  return entry === undefined ? -1 : Number(entry);
};

function focusEntry(wanted) {
  const at = Math.max(0, Math.min(entries.length - 1, wanted)), box = byId("scroller");
  const top = at * rowHeight, head = byId("list").tHead.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + rowHeight + head > box.scrollTop + box.clientHeight) box.scrollTop = top + rowHeight + head - box.clientHeight;
  drawRows();
  const opener = byId("rows").querySelector(`[data-entry="${at}"]`);
  if (opener) {
    opener.focus({ preventScroll: true });
    opener.scrollIntoView({ block: "nearest" });
  }
}

// After the panel is closed: the row it was about, or the group that holds it.
function focusRow(row) {
  const at = entries.findIndex((entry) => entry === row || (entry.rows && !openGroups.has(entry.key) && entry.rows.includes(row)));
  if (at >= 0) focusEntry(at);
  else byId("scroller").focus();
}

function filler(rows) {
  const cell = make("td", { colSpan: 4 });
  cell.style.height = rows * rowHeight + "px";
  const row = make("tr", { className: "gap" }, cell);
  row.setAttribute("aria-hidden", "true");
  return row;
}

function findingRow(row, at) {
  const status = data.status[row];
  const mark = status ? make("span", { className: "state" }, data.statuses[status]) : null;
  const name = nameOf(row), message = messageOf(row);
  const isFresh = data.change[row] < 2;
  const opener = make("button", { type: "button", className: "open", title: message }, mark, isFresh ? make("span", { className: "state fresh" }, data.changes[data.change[row]]) : null, message);
  opener.dataset.entry = at;
  // The resource stands below a message that does not name it.
  const isNamed = message.includes(name);
  const what = make("td", { className: isNamed ? "what named" : "what" }, opener, isNamed ? null : make("span", { className: "about" }, name));
  const line = make("tr", { className: "row", onclick: () => openPanel(row) },
    make("td", { className: "how" }, severityMark(severityOf(row))), what,
    make("td", { className: "of", title: idOf(row) }, make("span", { className: "part two" }, kindOf(row))),
    make("td", { className: "where", title: placeOf(row) }, ...whereOf(row).map((part, _, parts) => make("span", { className: parts.length > 1 ? "part" : "part two" }, part))));
  line.setAttribute("aria-rowindex", at + 2);
  return line;
}

function groupRow(group, at) {
  const first = group.rows[0];
  const title = group.isAlike ? ruleOf(first).title : { rule: () => ruleOf(first).title, cause: () => causeLabel(causeOf(first)) || "without a cause: not assessed" }[choice.group]?.() ?? nameOf(first);
  const isOpen = openGroups.has(group.key);
  const opener = make("button", { type: "button", className: "open", "aria-expanded": String(isOpen), title },
    make("span", { className: "chev", "aria-hidden": "true" }, isOpen ? "▾" : "▸"), severityMark(data.severities[group.worst]), " " + title,
    make("span", { className: "n" }, countOf(group)));
  opener.dataset.entry = at;
  const flip = () => { isOpen ? openGroups.delete(group.key) : openGroups.add(group.key); arrange(); drawRows(); };
  return make("tr", { className: "group row", onclick: flip }, make("td", { colSpan: 4 }, opener));
}

// "3 resources", and where not all of them are open "3 open of 12 resources".
function countOf(group) {
  const all = count(group.rows.length, group.isAlike || choice.group === "rule" ? "resource" : "finding");
  if (group.isAlike && group.state) return `${all}, ${data.statuses[group.state]}`;
  if (group.state === 0 && group.most === group.rows.length) return all;
  const word = group.state === 0 ? "open" : data.statuses[group.state];
  return group.most === group.rows.length ? `${all}, ${word}` : `${group.most.toLocaleString("en")} ${word} of ${all}`;
}

function drawSoon() {
  if (!pending) { pending = true; requestAnimationFrame(drawRows); }
}

function measure() {
  rowHeight = matchMedia("(max-width: 46rem)").matches ? 76 : 56;
}

function refresh() {
  measure();
  applyFilters();
  arrange();
  byId("scroller").scrollTop = 0;
  byId("shown").textContent = visible.length === total ? count(total, "finding") : `${visible.length.toLocaleString("en")} of ${count(total, "finding")}`;
  byId("nothing").hidden = visible.length > 0;
  byId("scroller").hidden = visible.length === 0;
  byId("list").setAttribute("aria-rowcount", entries.length + 1);
  drawFacets();
  drawRows();
}

// For paper: the critical and high ones in full, and a plain table of all that is filtered, as far
// as a person would turn pages.
function drawPrinted() {
  const most = 1000, mostInFull = 150;
  const severe = Array.from(visible).filter((row) => data.severity[row] < 2 && !data.status[row]);
  const head = make("thead", {}, make("tr", {}, ...["Severity", "Finding", "Resource", "Where"].map((text) => make("th", { scope: "col" }, text))));
  const body = make("tbody", {}, ...Array.from(visible.slice(0, most), (row) => make("tr", {},
    make("td", {}, severityMark(severityOf(row))),
    make("td", {}, messageOf(row) + (data.status[row] ? ` (${data.statuses[data.status[row]]})` : "")),
    make("td", {}, idOf(row)), make("td", {}, placeOf(row)))));
  const left = visible.length - most, unsaid = severe.length - mostInFull;
  byId("printed").replaceChildren(
    make("p", { className: "quiet" }, `${visible.length.toLocaleString("en")} of ${count(total, "finding")} chosen${left > 0 ? `; the first ${most.toLocaleString("en")} printed, ${left.toLocaleString("en")} more in assessment.json` : ""}.`),
    severe.length ? make("h3", {}, `The ${count(severe.length, "critical or high finding")} in full${unsaid > 0 ? ` (the first ${mostInFull})` : ""}`) : "",
    ...severe.slice(0, mostInFull).map(printedInFull),
    make("h3", {}, "All that is chosen"), make("table", { className: "data" }, head, body));
}

function printedInFull(row) {
  const rule = fixOf(row, ruleOf(row));
  const command = [rule.keep, rule.cli].filter(Boolean).join("\n") || rule.terraform || rule.config;
  return make("div", { className: "in-full" },
    make("p", { className: "what" }, severityMark(severityOf(row)), " ", make("strong", {}, messageOf(row))),
    make("p", { className: "quiet" }, idOf(row) + ", " + placeOf(row) + (data.age[row] ? ", " + data.age[row] : "")),
    rule.why ? make("p", {}, make("b", {}, "Why: "), rule.why) : null,
    make("p", {}, make("b", {}, "Evidence: "), evidenceOf(row).map((clause) => clause.said).join(" ")),
    rule.fix ? make("p", {}, make("b", {}, "Fix: "), rule.fix) : null,
    command ? make("pre", {}, command) : null);
}
