// One finding in full: why, evidence, path, fix, controls; and the same as Markdown to paste.

let shownRow = -1;

function openPanel(row) {
  shownRow = row;
  const panel = byId("panel");
  const pressed = panel.open && document.activeElement ? document.activeElement.getAttribute("aria-label") : null;
  byId("panel-body").replaceChildren(...panelParts(row));
  history.replaceState(null, "", addressOf(fingerprintOf(row)));
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  // The button that was pressed was made anew: it, or the heading, has the focus now.
  const again = pressed && [...panel.querySelectorAll(".panel-bar button")].find((one) => one.getAttribute("aria-label") === pressed && !one.disabled);
  (again || byId("panel-h")).focus({ preventScroll: true });
}

function panelParts(row) {
  const rule = ruleOf(row), more = moreOf(row), clauses = evidenceOf(row);
  return [
    panelBar(row),
    make("p", {}, severityMark(severityOf(row)), " ", data.status[row] ? make("span", { className: "state" }, data.statuses[data.status[row]]) : null),
    make("h2", { id: "panel-h", tabIndex: -1 }, messageOf(row)),
    facts([["Resource", data.name[row]], ["Type", textOf("type", row)], ["Account", textOf("scope", row)], ["Region", textOf("region", row)], ["Owner", textOf("owner", row)], ["Open", data.age[row] || ""], ["Change", data.changes[data.change[row]]], ["Source", more.file], ["Id", idOf(row)]]),
    ...consoleLink(idOf(row), more.file),
    ...part("Why it matters", rule.why && make("p", {}, rule.why)),
    ...part("Root cause", causeOf(row).name && causePart(row)),
    ...part("Waiver", more.waiver && waiverText(more.waiver)),
    ...part("Not read", data.gaps[row].length && gapList(row)),
    ...part("Folded into this finding", more.standsFor && make("p", {}, make("code", {}, more.standsFor.join(", ")))),
    ...part("Evidence", clauses.length && make("div", {}, ...clauses.map(evidenceLine), more.evidenceLeft ? make("p", { className: "quiet" }, `and ${count(more.evidenceLeft, "more clause")} in assessment.json`) : null)),
    ...part(data.severity[row] < 2 && !data.status[row] && more.steps && more.steps.length > 2 ? "Attack path" : "Related resources", more.steps && pathPart(row, more)),
    ...part("Fix", rule.fix && fixPart(row, rule)),
    ...part("Controls", rule.controls && rule.controls.length && make("ul", { className: "plain" }, ...rule.controls.map(([id, because]) => make("li", {}, make("b", {}, id), because ? ": " + because : "")))),
    ...part("When it can be waived", rule.exceptions && rule.exceptions.length && make("ul", { className: "plain" }, ...rule.exceptions.map((text) => make("li", {}, text)))),
    ...part("References", rule.references && rule.references.length && make("ul", { className: "plain" }, ...rule.references.map((url) => make("li", {}, make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, url))))),
    ...part("Equivalent checks in other tools", rule.equivalents && rule.equivalents.length && make("p", {}, rule.equivalents.join(", "))),
    make("p", { className: "quiet" }, "Rule ", make("code", {}, rule.id), ", fingerprint ", make("code", {}, fingerprintOf(row))),
  ];
}

// The page of a cloud for a resource, by its id alone; what code declares has none.
const CONSOLES = { aws: "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com" };

function consoleLink(id, file) {
  const arn = /^arn:(aws|aws-cn|aws-us-gov):[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[!-~]+$/.exec(id);
  const url = arn ? `https://${CONSOLES[arn[1]]}/go/view?arn=${encodeURIComponent(id)}`
    : /^\/subscriptions\/[0-9a-f-]{36}\/[!-~]+$/i.test(id) ? "https://portal.azure.com/#resource" + encodeURI(id) : "";
  if (file || !url) return [];
  return [make("p", {}, make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, `Open in the ${arn ? "AWS console" : "Azure portal"}`))];
}

const part = (title, content) => (content ? [make("h3", {}, title), content] : []);
const facts = (pairs) => make("dl", { className: "facts" }, ...pairs.filter(([, text]) => text && text.trim()).map(([title, text]) =>
  make("div", { className: title === "Id" ? "long" : "" }, make("dt", {}, title), make("dd", {}, title === "Id" ? make("code", {}, text) : text))));

function panelBar(row) {
  const at = visible.indexOf(row);
  const to = (step) => () => at + step >= 0 && at + step < visible.length && openPanel(visible[at + step]);
  return make("div", { className: "panel-bar" },
    make("button", { type: "button", "aria-label": "Previous finding", disabled: at < 1, onclick: to(-1) }, "‹"),
    make("button", { type: "button", "aria-label": "Next finding", disabled: at < 0 || at + 1 >= visible.length, onclick: to(1) }, "›"),
    make("p", {}, at < 0 ? "outside the filters" : `${(at + 1).toLocaleString("en")} of ${visible.length.toLocaleString("en")}`),
    copyButton("Copy as Markdown", () => markdownOf(row)),
    copyButton("Copy link", () => location.href.split("#")[0] + "#f=" + fingerprintOf(row)),
    make("button", { type: "button", "aria-label": "Close", onclick: () => byId("panel").close() }, "✕"));
}

// The sentence to read; what was read, from where and what was asked for, when it is unfolded.
function evidenceLine(clause) {
  return make("div", { className: "ev" }, make("p", {}, clause.said),
    make("details", { className: "raw" }, make("summary", {}, "value as read"),
      make("p", {}, make("code", {}, clause.path), " = ", make("span", { className: "was" }, clause.actual), ", " + clause.expected),
      clause.resource ? make("p", { className: "quiet" }, "of ", make("code", {}, clause.resource)) : null,
      clause.source ? make("p", { className: "quiet" }, "from ", make("code", {}, clause.source)) : null));
}

function causePart(row) {
  const cause = causeOf(row), number = data.cause[row], id = fingerprintOf(row);
  const others = data.cause.reduce((sum, one, at) => sum + (one === number && at !== row ? 1 : 0), 0);
  const shared = cause.shared[id] || [];
  const link = make("a", { href: "#cause=" + data.tables.cause[number], onclick: () => byId("panel").close() }, count(others, "other finding"));
  return make("div", {}, make("p", {}, causeLabel(cause)),
    make("p", { className: "quiet" }, make("code", {}, cause.settings.join(", ")), others ? "; a change there ends this and " : "; a change there ends this finding alone", others ? link : null),
    shared.length ? make("p", { className: "quiet" }, "A change elsewhere would end this one too: ") : null,
    shared.length ? make("ul", { className: "plain" }, ...shared.map(([resource, setting]) => make("li", {}, make("code", {}, setting), " of ", make("code", {}, resource)))) : null);
}

function gapList(row) {
  return make("ul", { className: "plain" }, ...data.gaps[row].map((number) => {
    const [wanted, why, right, detail, subject] = data.gapFacts[number];
    return make("li", {}, make("code", {}, wanted), ` ${why}`, subject ? ` (${subject})` : "", right ? make("span", {}, "; allow ", make("code", {}, right)) : "", detail ? make("span", { className: "about" }, detail) : "");
  }));
}

const waiverText = ([id, reason, owner, expires, ticket, approver, granted, control]) => make("p", {}, make("b", {}, id), `: ${reason}. Accepted by ${owner}${granted ? " on " + granted : ""} until ${expires}${ticket ? ", " + ticket : ""}${approver ? ", approved by " + approver : ""}.${control ? " Meanwhile: " + control : ""}`);

function pathPart(row, more) {
  const card = byId("path-" + fingerprintOf(row));
  if (card) unfold(card);
  const drawn = card && card.querySelector("svg.path");
  const picture = drawn ? drawn.cloneNode(true) : null;
  if (picture) { // the list below says the same in text, and ids must not occur twice
    picture.removeAttribute("aria-labelledby");
    picture.removeAttribute("role");
    picture.setAttribute("aria-hidden", "true");
    picture.querySelector("title").remove();
  }
  return make("div", {}, picture ? make("div", { className: "pathdraw" }, picture) : null,
    make("ol", { className: "steps" }, ...more.steps.map(([kind, name, id, note], at) => make("li", { title: id },
      make("span", { className: "kind" }, kind), " ", make("strong", {}, name), note ? make("span", { className: "note" }, note) : null,
      ...more.links.filter((link) => link[0] === at).map(([, target, how]) => make("span", { className: "leads" }, `${how} ${more.steps[target][1]}`))))));
}

// A rule for several clouds may be mended in another way on each; a type begins with its cloud.
const fixOf = (row, rule) => ({ ...rule, ...((rule.on || {})[textOf("type", row).split(".")[0]]), cli: commandOf("command", row), keep: commandOf("keep", row) });

function fixPart(row, known) {
  const rule = fixOf(row, known);
  return make("div", {}, make("p", {}, rule.fix),
    rule.keep ? make("p", {}, "It replaces: " + rule.replaces) : null,
    rule.keep ? snippet("Keep what is there", rule.keep) : null,
    rule.cli ? snippet("Command", rule.cli) : null,
    rule.terraform ? snippet("Terraform", rule.terraform) : null,
    rule.cloudformation ? snippet("CloudFormation", rule.cloudformation) : null,
    rule.config ? snippet("Configuration", rule.config) : null,
    rule.console ? make("p", { className: "quiet" }, "In the console: " + rule.console) : null);
}

function markdownOf(row) {
  const rule = fixOf(row, ruleOf(row)), span = (text) => {
    const longest = Math.max(0, ...(text.match(/`+/g) || []).map((run) => run.length));
    const fence = "`".repeat(longest + 1), pad = /^`|`$/.test(text) ? " " : "";
    return fence + pad + text + pad + fence;
  };
  const escaped = (text) => text.replace(/[\\`*_{}\[\]<>#|~!@$&]/g, "\\$&");
  const block = (text, language) => "\n" + (text.includes("```") ? "````" : "```") + language + "\n" + text + "\n" + (text.includes("```") ? "````" : "```");
  const lines = [`### ${severityOf(row)}: ${rule.title}`, "", `- resource: ${span(idOf(row))}`, `- rule: ${span(rule.id)}`, `- state: ${data.statuses[data.status[row]]}`];
  for (const one of evidenceOf(row)) lines.push(`- ${escaped(one.said)} (${span(one.path)} = ${span(one.actual)})`);
  if (rule.why) lines.push("", rule.why);
  if (rule.fix) lines.push("", "Fix: " + rule.fix);
  if (rule.keep) lines.push("", "It replaces: " + rule.replaces, block(rule.keep, "sh"));
  if (rule.cli) lines.push(block(rule.cli, "sh"));
  if (rule.terraform) lines.push(block(rule.terraform, "hcl"));
  lines.push("", `mlsec fingerprint ${span(fingerprintOf(row))}`);
  return lines.join("\n");
}
