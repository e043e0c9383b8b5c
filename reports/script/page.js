"use strict";
// Small things everywhere: making elements (text only, never markup), lazy parts, copying.

const byId = (id) => document.getElementById(id);

function make(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

// The same picture for a ticket: alone it has neither the page's style nor its arrow head.
const PICTURE_STYLE = "rect{fill:#fff;stroke:#888}.subject rect{stroke:#7a0d48;stroke-width:2.5}.attacker rect,.harm rect{fill:#f6ecf1}text{font:13.5px sans-serif;fill:#111}.kind,.edge{font-size:12px;fill:#444}.name{font-weight:600}.line{fill:none;stroke:#444;stroke-width:1.4}";

function pictureText(drawn) {
  const copy = drawn.cloneNode(true);
  const style = document.createElementNS(copy.namespaceURI, "style");
  style.textContent = PICTURE_STYLE;
  copy.prepend(style, byId("arrow").cloneNode(true));
  copy.removeAttribute("class");
  return new XMLSerializer().serializeToString(copy);
}

function watchPictures() {
  for (const details of document.querySelectorAll("#paths details")) {
    const offer = () => {
      const button = details.querySelector(".copy-picture"), drawn = details.querySelector("svg.path");
      if (!button || !drawn || !button.hidden) return;
      button.hidden = false;
      button.addEventListener("click", () => copyText(pictureText(drawn), button));
    };
    details.addEventListener("toggle", () => details.open && offer());
    if (details.open) offer();
  }
}

function say(text) {
  byId("said").textContent = text;
  byId("said").hidden = !text;
}

const severityMark = (name) => make("span", { className: "sev sev-" + name }, icon(name), name);
const count = (n, noun, nouns) => n.toLocaleString("en") + " " + (n === 1 ? noun : nouns || noun + "s");

// What is folded away waits as text in a noscript element, escaped by the server like the page
// itself; it becomes elements when it is first opened. Without scripts it is simply there.
function unfold(details) {
  const waiting = details.querySelector(":scope > noscript");
  if (!waiting) return;
  const parsed = new DOMParser().parseFromString(waiting.textContent, "text/html");
  waiting.replaceWith(...parsed.body.childNodes);
}

function watchFolds() {
  for (const details of document.querySelectorAll("details.lazy")) {
    details.addEventListener("toggle", () => details.open && unfold(details));
  }
}

async function copyText(text, button) {
  const label = button.textContent;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text });
    button.after(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = done ? "Copied" : "Could not copy";
  setTimeout(() => { button.textContent = label; }, 1500);
}

const copyButton = (label, text) => {
  const button = make("button", { type: "button" }, label);
  button.addEventListener("click", () => copyText(typeof text === "function" ? text() : text, button));
  return button;
};

function snippet(title, text) {
  return make("div", { className: "snippet" },
    make("div", { className: "snippet-head" }, make("span", {}, title), copyButton("Copy", text)),
    make("pre", { tabIndex: 0, "aria-label": title }, text));
}
