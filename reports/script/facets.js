// Which findings are shown: filters with live counts, search, sort, and all of it in the address.

const FACETS = ["severity", "status", "change", "concern", "cause", "rule", "type", "scope", "region", "owner"];
const TITLES = { severity: "Severity", status: "State", change: "Since last scan", concern: "Concern", cause: "Root cause", rule: "Rule", type: "Type", scope: "Account", region: "Region", owner: "Owner" };
const FIXED = { severity: "severities", status: "statuses", change: "changes", concern: "concerns" };
const VALUES_SHOWN = 7;
const chosen = Object.fromEntries(FACETS.map((name) => [name, new Set()]));
const choice = { q: "", sort: "", group: "" };
const unfolded = new Set();
let counts = {};
let visible = new Uint32Array(0);

const valuesOf = (facet) => (FIXED[facet] ? data[FIXED[facet]] : data.tables[facet]);
const causeLabel = (cause) => (!cause.name || cause.title.includes(cause.name) ? cause.title || "" : cause.name + ": " + cause.title);
const labelOf = (facet, value) => ({ rule: () => data.rules[value].title, cause: () => causeLabel(data.causes[value]) }[facet] || (() => valuesOf(facet)[value]))().trim() || "(none)";

// One pass: a row that fails no filter counts everywhere; one that fails a single filter still
// counts in that filter's own list, so that the numbers say what another choice would give.
function applyFilters() {
  const active = FACETS.filter((name) => chosen[name].size);
  const allowed = active.map((name) => {
    const flags = new Uint8Array(valuesOf(name).length);
    for (const value of chosen[name]) flags[value] = 1;
    return flags;
  });
  counts = Object.fromEntries(FACETS.map((name) => [name, new Uint32Array(valuesOf(name).length)]));
  const words = choice.q.toLowerCase().split(/\s+/).filter(Boolean);
  const sought = words.length ? rowsWith(words) : null;
  const found = new Uint32Array(total);
  let size = 0;
  for (let row = 0; row < total; row++) {
    if (sought && !sought[row]) continue;
    let failed = -1, misses = 0;
    for (let i = 0; i < active.length && misses < 2; i++) {
      if (!allowed[i][data[active[i]][row]]) { misses++; failed = i; }
    }
    if (misses > 1) continue;
    if (misses === 1) { counts[active[failed]][data[active[failed]][row]]++; continue; }
    found[size++] = row;
    for (const name of FACETS) counts[name][data[name][row]]++;
  }
  visible = sorted(found.subarray(0, size));
}

function ranks(texts) {
  const rank = new Uint32Array(texts.length);
  texts.map((text, number) => [text, number]).sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)).forEach(([, number], position) => { rank[number] = position; });
  return rank;
}

function sorted(rows) {
  if (!choice.sort) return rows; // as delivered: open first, then severity, rule, resource
  if (choice.sort === "resource") {
    const names = new Map(Array.from(rows, (row) => [row, nameOf(row)]));
    return rows.sort((a, b) => (names.get(a) < names.get(b) ? -1 : names.get(a) > names.get(b) ? 1 : a - b));
  }
  const columns = { rule: ["rule"], place: ["scope", "region"], owner: ["owner"] }[choice.sort] || ["severity"];
  const keys = columns.map((name) => [data[name], ranks(valuesOf(name))]);
  return rows.sort((a, b) => {
    for (const [column, rank] of keys) if (column[a] !== column[b]) return rank[column[a]] - rank[column[b]];
    return a - b;
  });
}

function drawFacets() {
  const form = byId("facets");
  const focused = document.activeElement && document.activeElement.id;
  form.replaceChildren(...FACETS.map(facetList).filter(Boolean));
  if (focused && byId(focused) && form.contains(byId(focused))) byId(focused).focus();
}

function facetList(facet) {
  let values = valuesOf(facet).map((_, value) => value).filter((value) => counts[facet][value] || chosen[facet].has(value));
  if (values.length < 2 && !chosen[facet].size) return null;
  if (!FIXED[facet]) values.sort((a, b) => counts[facet][b] - counts[facet][a] || a - b);
  const all = values.length, isLong = values.length > VALUES_SHOWN + 1;
  if (isLong && !unfolded.has(facet)) values = values.filter((value, at) => at < VALUES_SHOWN || chosen[facet].has(value));
  const list = unfolded.has(facet) ? values.slice(0, 150) : values;
  const more = isLong ? make("button", { type: "button", id: "more-" + facet, onclick: () => { unfolded.has(facet) ? unfolded.delete(facet) : unfolded.add(facet); drawFacets(); } },
    unfolded.has(facet) ? (all > 150 ? "fewer (first 150; search for others)" : "fewer") : "all " + all.toLocaleString("en")) : null;
  return make("fieldset", {}, make("legend", {}, TITLES[facet]), ...list.map((value) => facetValue(facet, value)), more);
}

function facetValue(facet, value) {
  const label = labelOf(facet, value);
  const box = make("input", { type: "checkbox", checked: chosen[facet].has(value), id: `f-${facet}-${value}`,
    onchange: () => { box.checked ? chosen[facet].add(value) : chosen[facet].delete(value); changed(); } });
  const text = facet === "severity" ? severityMark(label) : label;
  return make("label", { className: counts[facet][value] ? "" : "zero", title: label }, box,
    make("span", { className: "value" }, text), make("span", { className: "n" }, counts[facet][value].toLocaleString("en")));
}

// A value is escaped twice in an address that this page wrote, once in one that a person wrote.
function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What is open is what the page counts everywhere; a link to something else shows all.
function onlyOpen(row) {
  chosen.status.clear();
  if (data.status.includes(0) && (row < 0 || data.status[row] === 0)) chosen.status.add(0);
}

// The address after #: severity=high,critical&rule=a/b&q=text&group=rule&f=fingerprint
function readAddress() {
  const address = location.hash.slice(1);
  if (!address.includes("=")) return null;
  const given = new URLSearchParams(address);
  for (const facet of FACETS) {
    chosen[facet].clear();
    for (const part of (given.get(facet) || "").split(",").filter(Boolean)) {
      const texts = valuesOf(facet);
      const value = facet === "status" ? Number(part) : texts.indexOf(plain(part));
      if (value >= 0 && value < texts.length) chosen[facet].add(value);
    }
  }
  for (const key of Object.keys(choice)) choice[key] = given.get(key) || "";
  const wanted = given.get("f") || "";
  if (!given.has("status")) onlyOpen(wanted ? rowOfFingerprint(wanted) : -1);
  return wanted;
}

function addressOf(fingerprint) {
  const parts = [];
  for (const facet of FACETS) {
    if (!chosen[facet].size) {
      if (facet === "status") parts.push("status=all");
      continue;
    }
    const values = [...chosen[facet]].sort((a, b) => a - b).map((value) => (facet === "status" ? value : encodeURIComponent(encodeURIComponent(valuesOf(facet)[value]))));
    parts.push(facet + "=" + values.join(","));
  }
  for (const key of Object.keys(choice)) if (choice[key]) parts.push(key + "=" + encodeURIComponent(choice[key]));
  if (fingerprint) parts.push("f=" + fingerprint);
  return "#" + (parts.join("&") || "findings");
}
