// The list: only the rows in view exist; above and below are two rows of the right height.

let entries = [];
const openGroups = new Set();
let rowHeight = 40;
let pending = false;

function arrange() {
  if (!choice.group) { entries = visible; return; }
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
    if (again) again.focus({ preventScroll: true });
  }
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
  const opener = make("button", { type: "button", className: "open", title: messageOf(row) }, mark, messageOf(row));
  opener.dataset.entry = at;
  const what = make("td", { className: "what" }, opener);
  const line = make("tr", { className: "row", onclick: () => openPanel(row) },
    make("td", { className: "how" }, severityMark(severityOf(row))), what,
    make("td", { className: "of", title: idOf(row) }, nameOf(row)),
    make("td", { className: "where", title: placeOf(row) }, placeOf(row)));
  line.setAttribute("aria-rowindex", at + 2);
  return line;
}

function groupRow(group, at) {
  const first = group.rows[0];
  const title = { rule: () => ruleOf(first).title, cause: () => causeLabel(causeOf(first)) || "without a cause: not assessed" }[choice.group]?.() ?? nameOf(first);
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
  const all = count(group.rows.length, choice.group === "rule" ? "resource" : "finding");
  if (group.state === 0 && group.most === group.rows.length) return all;
  const word = group.state === 0 ? "open" : data.statuses[group.state];
  return group.most === group.rows.length ? `${all}, ${word}` : `${group.most.toLocaleString("en")} ${word} of ${all}`;
}

function drawSoon() {
  if (!pending) { pending = true; requestAnimationFrame(drawRows); }
}

function measure() {
  rowHeight = matchMedia("(max-width: 46rem)").matches ? 64 : 40;
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

// For paper: a plain table of what is filtered, as far as a person would turn pages.
function drawPrinted() {
  const most = 1000;
  const head = make("thead", {}, make("tr", {}, ...["Severity", "Finding", "Resource", "Where"].map((text) => make("th", { scope: "col" }, text))));
  const body = make("tbody", {}, ...Array.from(visible.slice(0, most), (row) => make("tr", {},
    make("td", {}, severityMark(severityOf(row))),
    make("td", {}, messageOf(row) + (data.status[row] ? ` (${data.statuses[data.status[row]]})` : "")),
    make("td", {}, idOf(row)), make("td", {}, placeOf(row)))));
  const left = visible.length - most;
  byId("printed").replaceChildren(
    make("p", { className: "quiet" }, `${visible.length.toLocaleString("en")} of ${count(total, "finding")} chosen${left > 0 ? `; the first ${most.toLocaleString("en")} printed, ${left.toLocaleString("en")} more in assessment.json` : ""}.`),
    make("table", { className: "data" }, head, body));
}
