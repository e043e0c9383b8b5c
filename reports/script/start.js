// Wiring: unpack, read the address, listen.

function changed() {
  history.replaceState(null, "", addressOf(""));
  refresh();
}

function showChoices() {
  byId("q").value = choice.q;
  for (const key of ["sort", "group"]) byId(key).value = choice[key];
}

function followAddress() {
  const wanted = readAddress();
  if (wanted === null) return landOn(location.hash.slice(1));
  showChoices();
  refresh();
  const row = wanted ? rowOfFingerprint(wanted) : -1;
  if (row >= 0) openPanel(row);
  else if (wanted) say("This report has no finding " + wanted.slice(0, 32));
  if (row < 0) {
    byId("findings").scrollIntoView();
    byId("findings").focus({ preventScroll: true });
  }
}

// A link to what is folded away unfolds it; the browser scrolled before it was there.
function landOn(id) {
  const place = id && byId(id);
  if (!place) return;
  const folded = place.closest("details");
  if (folded) {
    unfold(folded);
    folded.open = true;
  }
  place.scrollIntoView();
}

function listen() {
  let waiting = 0;
  byId("q").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { choice.q = event.target.value.slice(0, 200); changed(); }, total > 20000 ? 150 : 40);
  });
  for (const key of ["sort", "group"]) byId(key).addEventListener("change", (event) => { choice[key] = event.target.value; openGroups.clear(); changed(); });
  byId("reset").addEventListener("click", () => {
    for (const facet of FACETS) chosen[facet].clear();
    onlyOpen(-1);
    Object.assign(choice, { q: "", sort: "", group: "" });
    showChoices();
    changed();
  });
  byId("facets-toggle").addEventListener("click", (event) => {
    event.target.setAttribute("aria-expanded", String(byId("facets").classList.toggle("shown")));
  });
  byId("facets").addEventListener("submit", (event) => event.preventDefault());
  byId("scroller").addEventListener("scroll", drawSoon, { passive: true });
  byId("panel").addEventListener("close", () => {
    const row = shownRow;
    shownRow = -1;
    history.replaceState(null, "", addressOf(""));
    focusRow(row);
  });
  byId("panel").addEventListener("click", (event) => { if (event.target === byId("panel")) byId("panel").close(); });
  addEventListener("resize", () => { measure(); drawSoon(); });
  addEventListener("hashchange", followAddress);
  addEventListener("keydown", keys);
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "/" && shownRow < 0) {
    event.preventDefault();
    byId("q").focus();
  } else if ((event.key === "j" || event.key === "k") && visible.length) {
    const step = event.key === "j" ? 1 : -1;
    if (shownRow < 0) return focusEntry(focusedEntry() + step);
    const at = visible.indexOf(shownRow) + step;
    if (at >= 0 && at < visible.length) openPanel(visible[at]);
  }
}

function beforePaper() {
  // The pictures always; long tables as they are on the screen, or a report would take reams.
  for (const details of document.querySelectorAll("#paths details")) {
    unfold(details);
    if (!details.open) { details.open = true; details.dataset.paper = "1"; }
  }
  if (data) drawPrinted();
}

function afterPaper() {
  for (const details of document.querySelectorAll("details[data-paper]")) { details.open = false; delete details.dataset.paper; }
  if (data) byId("printed").replaceChildren();
}

async function start() {
  watchFolds();
  watchPictures();
  addEventListener("beforeprint", beforePaper);
  addEventListener("afterprint", afterPaper);
  if (!byId("explorer")) return;
  byId("loading").hidden = false;
  try {
    await unpack(byId("findings-data"));
  } catch {
    byId("loading").textContent = "This browser cannot unpack the findings; the most severe are listed here, all are in assessment.json.";
    unfold(byId("findings"));
    return;
  }
  byId("loading").hidden = true;
  byId("explorer").hidden = false;
  listen();
  if (location.hash.includes("=")) followAddress();
  else {
    onlyOpen(-1);
    refresh();
    landOn(location.hash.slice(1));
  }
  whenIdle(packedNames);
}

// What only later actions need waits until the first rows are drawn.
function whenIdle(work) {
  requestAnimationFrame(() => (globalThis.requestIdleCallback || setTimeout)(() => work()));
}

start();
