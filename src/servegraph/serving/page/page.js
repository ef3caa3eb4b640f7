"use strict";
// Names of graphs, nodes and columns reach the page as text only: nothing here writes HTML.

const $ = (id) => document.getElementById(id);
const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/;
const root = location.pathname.replace(/(\/api\/v[01]\.[01]\/doc\/|\/v2\/docs\/)$/, "");
let api, operations, current, asked;

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

async function start() {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error("openapi.json: status " + answer.status);
  api = await answer.json();
  const about = api["x-servegraph"];
  document.title = api.info.title;
  $("name").textContent = api.info.title;
  $("place").textContent = "namespace " + about.namespace + " · predictor " + about.predictor;
  $("graph").append(draw(about.graph));
  operations = listed(api.paths);
  showOperations();
  showFields(about);
  const first = location.pathname.endsWith("/v2/docs/") ? "infer" : "predict";
  select(operations.find((operation) => operation.id === first) || operations[0]);
}

// --- operations

function listed(paths) {
  const found = [];
  for (const [path, item] of Object.entries(paths)) {
    for (const verb of ["get", "post"].filter((name) => name in item)) {
      const said = item[verb];
      const parameters = (item.parameters || []).map(resolved).filter((parameter) => parameter.in === "path");
      const body = said.requestBody && resolved(said.requestBody).content["application/json"].example;
      found.push({ id: said.operationId, path, verb, summary: said.summary || "", tag: said.tags[0], parameters, body });
    }
  }
  return found;
}

function resolved(item) {
  return item.$ref ? item.$ref.slice(2).split("/").reduce((node, key) => node[key], api) : item;
}

function showOperations() {
  for (const tag of new Set(operations.map((operation) => operation.tag))) {
    $("operations").append(make("h3", tag));
    for (const operation of operations.filter((candidate) => candidate.tag === tag)) {
      const button = make("button", undefined, { type: "button", title: operation.summary });
      button.append(make("span", operation.verb.toUpperCase(), { class: "verb " + operation.verb }), make("span", operation.path));
      button.addEventListener("click", () => select(operation));
      operation.button = button;
      $("operations").append(button);
    }
  }
}

function select(operation) {
  if (current) current.button.removeAttribute("aria-current");
  current = operation;
  operation.button.setAttribute("aria-current", "true");
  $("operation").textContent = operation.verb.toUpperCase() + " " + operation.path;
  $("summary").textContent = operation.summary;
  $("parameters").replaceChildren(...operation.parameters.map(parameterField));
  $("row").hidden = !isPrediction();
  $("body-part").hidden = operation.body === undefined;
  $("reset").hidden = operation.body === undefined;
  $("response").hidden = true;
  example();
}

function isPrediction() {
  return current.path.endsWith("/predictions");
}

function parameterField(parameter) {
  const names = parameter.schema.enum;
  const field = names ? make("select") : make("input", undefined, { value: "1" });
  for (const name of names || []) field.append(make("option", name, { value: name }));
  field.dataset.name = parameter.name;
  field.addEventListener("input", showCurl);
  const label = make("label", parameter.name);
  label.append(field);
  return label;
}

function url() {
  let path = current.path;
  for (const field of $("parameters").querySelectorAll("[data-name]")) {
    path = path.replace("{" + field.dataset.name + "}", () => encodeURIComponent(field.value));
  }
  return root + path;
}

// --- the row's fields and the body

function showFields(about) {
  const count = Math.max(about.names.length, about.example.length);
  for (let index = 0; index < count; index++) {
    const label = make("label", about.names[index] || "feature " + index);
    const field = make("input", undefined, { "aria-describedby": "row-hint" });
    field.addEventListener("paste", (event) => paste(event, index));
    field.addEventListener("input", bodyOfFields);
    label.append(field);
    $("fields").append(label);
  }
}

function fields() {
  return [...$("fields").querySelectorAll("input")];
}

function paste(event, index) {
  const line = event.clipboardData.getData("text").trim().split(/\r?\n/)[0];
  const separator = ["\t", ";", ","].find((character) => line.includes(character));
  if (!separator) return;
  event.preventDefault();
  const cells = line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  fields().slice(index).forEach((field, offset) => { if (offset < cells.length) field.value = cells[offset]; });
  bodyOfFields();
}

function cell(text) {
  if (NUMBER.test(text)) return Number(text);
  return text.trim() === "" ? null : text;
}

function bodyOfFields() {
  const names = api["x-servegraph"].names;
  const data = names.length ? { names } : {};
  setBody({ data: { ...data, ndarray: [fields().map((field) => cell(field.value))] } });
}

function example() {
  const row = api["x-servegraph"].example;
  fields().forEach((field, index) => { field.value = row[index] === undefined || row[index] === null ? "" : row[index]; });
  setBody(current.body);
}

function setBody(document) {
  // Lists of plain values stay on one line.
  $("body").value = document === undefined ? "" : JSON.stringify(document, null, 2)
    .replace(/\[\s+([^\[\]{}]*?)\s+\]/g, (_, inner) => "[" + inner.replace(/\n\s+/g, " ") + "]");
  checkBody();
}

function checkBody() {
  let wrong = "";
  try {
    if (current.body !== undefined) JSON.parse($("body").value);
  } catch (error) {
    wrong = "This is no JSON (" + error.message + "); it is sent as it stands.";
  }
  $("body-error").textContent = wrong;
  showCurl();
}

// --- curl

function quoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

function showCurl() {
  const parts = ["curl " + quoted(location.origin + url())];
  if (current.body !== undefined) parts.push("-H 'Content-Type: application/json'", "-d " + quoted(compact($("body").value)));
  $("curl").textContent = parts.join(" \\\n  ");
}

function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

async function copy() {
  const range = document.createRange();
  range.selectNodeContents($("curl"));
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  let done = document.execCommand("copy"); // the only way outside https
  if (!done && navigator.clipboard) done = await navigator.clipboard.writeText($("curl").textContent).then(() => true, () => false);
  $("copy").textContent = done ? "Copied" : "Selected";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
}

// --- sending

async function ask(path, verb, body) {
  const options = { method: verb.toUpperCase(), cache: "no-store" };
  if (body !== undefined) Object.assign(options, { body, headers: { "Content-Type": "application/json" } });
  const started = performance.now();
  const response = await fetch(path, options);
  const text = await response.text();
  return { response, text, milliseconds: performance.now() - started, document: parsed(text) };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function send(event) {
  event.preventDefault();
  $("send").disabled = true;
  const body = current.body === undefined ? undefined : $("body").value;
  try {
    const answer = await ask(url(), current.verb, body);
    asked = { body, answer, version: current.path.split("/")[2] };
    show(answer);
  } catch (error) {
    showFailure(error);
  } finally {
    $("send").disabled = false;
  }
}

function showFailure(error) {
  $("response").hidden = false;
  $("status").textContent = "none";
  $("status").className = "failed";
  $("time").textContent = "";
  $("answer").replaceChildren(make("p", "The server does not answer: " + error.message));
  $("feedback").hidden = $("raw-part").hidden = true;
}

function show(answer) {
  const { response, text, milliseconds, document: said } = answer;
  $("response").hidden = false;
  $("status").textContent = (response.status + " " + response.statusText).trim();
  $("status").className = response.ok ? "worked" : "failed";
  $("time").textContent = milliseconds.toFixed(1) + " ms";
  const isMessage = said !== null && typeof said === "object" && !Array.isArray(said);
  $("answer").replaceChildren(...(isMessage ? parts(said, response) : [make("p", text ? "" : "The body is empty.")]));
  $("raw-part").hidden = !text;
  $("raw-part").open = !$("answer").textContent;
  $("raw").textContent = said === undefined ? text : JSON.stringify(said, null, 2);
  $("feedback").hidden = !(response.ok && isPrediction());
  $("feedback-answer").textContent = "";
  if (isMessage && isPrediction()) mark(said.meta || {});
}

function parts(said, response) {
  const status = said.status || {};
  const error = said.error || status.info;
  const found = error ? [make("p", String(error), { class: "failed" })] : [];
  for (const key of ["strData", "binData"]) if (key in said) found.push(make("h3", key), make("pre", said[key]));
  if ("jsonData" in said) found.push(make("h3", "jsonData"), make("pre", JSON.stringify(said.jsonData, null, 2)));
  if (said.data) found.push(...arrayParts(said.data));
  for (const tensor of Array.isArray(said.outputs) ? said.outputs : []) found.push(...tensorParts(tensor));
  const puid = response.headers.get("Seldon-Puid");
  if (puid) found.push(make("h3", "puid"), make("code", puid));
  return found.concat(metaParts(said.meta || {}));
}

function arrayParts(data) {
  const rows = data.ndarray || (data.tensor ? rowsOf(data.tensor) : undefined);
  if (!Array.isArray(rows)) return [make("h3", "data"), make("pre", JSON.stringify(data, null, 2))];
  return [make("h3", "data"), table(data.names || [], rows.map((row) => (Array.isArray(row) ? row : [row])))];
}

function tensorParts(tensor) {
  const title = tensor.name + " · " + tensor.datatype + " [" + tensor.shape.join(", ") + "]";
  return [make("h3", title), table([], rowsOf({ shape: tensor.shape, values: (tensor.data || []).flat(Infinity) }))];
}

function rowsOf(tensor) {
  const width = tensor.shape.length > 1 ? tensor.shape.slice(1).reduce((product, size) => product * size, 1) : 1;
  const rows = [];
  for (let index = 0; width > 0 && index < tensor.values.length; index += width) rows.push(tensor.values.slice(index, index + width));
  return rows;
}

function metaParts(meta) {
  const found = [];
  const routing = Object.entries(meta.routing || {}).map(([node, branch]) => [node, branchName(node, branch)]);
  if (routing.length) found.push(make("h3", "routing"), table(["node", "went to"], routing));
  for (const key of ["tags", "requestPath"]) {
    const rows = Object.entries(meta[key] || {});
    if (rows.length) found.push(make("h3", key), table([], rows));
  }
  const metrics = (meta.metrics || []).map((metric) => [metric.key, metric.type || "COUNTER", metric.value, metric.tags || ""]);
  if (metrics.length) found.push(make("h3", "metrics"), table(["key", "type", "value", "tags"], metrics));
  return found;
}

function table(heads, rows) {
  const limit = 50;
  const box = make("div", undefined, { class: "scroll" });
  const result = make("table");
  if (heads.length) {
    const line = make("tr");
    for (const head of heads) line.append(make("th", head, { scope: "col" }));
    result.append(line);
  }
  for (const row of rows.slice(0, limit)) {
    const line = make("tr");
    for (const value of row) line.append(make("td", typeof value === "string" ? value : JSON.stringify(value)));
    result.append(line);
  }
  box.append(result);
  if (rows.length > limit) box.append(make("p", "… and " + (rows.length - limit) + " more rows", { class: "hint" }));
  return box;
}

async function sendFeedback(reward) {
  const response = asked.answer.document;
  const puid = asked.answer.response.headers.get("Seldon-Puid");
  const meta = { ...(response.meta || {}) };
  if (puid && !meta.puid) meta.puid = puid;
  const body = JSON.stringify({ request: parsed(asked.body), response: { ...response, meta }, reward });
  try {
    const answer = await ask(root + "/api/" + asked.version + "/feedback", "post", body);
    const info = answer.document && answer.document.status ? ": " + answer.document.status.info : "";
    $("feedback-answer").textContent = answer.response.ok ? "Sent: reward " + reward + "." : answer.response.status + info;
  } catch (error) {
    $("feedback-answer").textContent = "The server does not answer: " + error.message;
  }
}

// --- the graph

const BOX = { height: 42, gapX: 46, gapY: 14 };

function draw(graph) {
  const nodes = placed(graph);
  const longest = Math.max(...nodes.map((node) => Math.max(node.name.length * 8, node.type.length * 7)));
  const width = Math.min(Math.max(longest + 24, 96), 240);
  const step = { x: width + BOX.gapX, y: BOX.height + BOX.gapY };
  const size = [Math.max(...nodes.map((node) => node.column)) * step.x + width + 4, (Math.max(...nodes.map((node) => node.line)) + 1) * step.y - BOX.gapY + 4];
  const picture = shape("svg", { width: size[0], height: size[1], viewBox: "-2 -2 " + size.join(" "), role: "img", "aria-label": spoken(graph) });
  for (const node of nodes.filter((candidate) => candidate.parent)) picture.append(edge(node, step, width));
  for (const node of nodes) picture.append(box(node, step, width));
  return picture;
}

function placed(graph) {
  const nodes = [];
  let lines = 0;
  const visit = (node, column, parent) => {
    const own = { name: node.name, type: node.type, column, parent };
    nodes.push(own);
    const children = node.children.map((child) => visit(child, column + 1, own));
    own.line = children.length ? (children[0].line + children[children.length - 1].line) / 2 : lines++;
    return own;
  };
  visit(graph, 0, undefined);
  return nodes;
}

function spoken(node) {
  const children = node.children.length ? " to (" + node.children.map(spoken).join("; ") + ")" : "";
  return node.name + ", " + node.type.toLowerCase().replaceAll("_", " ") + children;
}

function shape(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function box(node, step, width) {
  const group = shape("g", { class: node.type, transform: "translate(" + node.column * step.x + "," + node.line * step.y + ")" });
  const room = Math.floor((width - 20) / 8);
  const name = node.name.length > room ? node.name.slice(0, room - 1) + "…" : node.name;
  group.dataset.node = node.name;
  group.append(shape("title", {}, node.name), shape("rect", { width, height: BOX.height, rx: 8 }));
  group.append(shape("text", { x: 11, y: 18 }, name), shape("text", { x: 11, y: 32, class: "type" }, node.type.replaceAll("_", " ")));
  return group;
}

function edge(node, step, width) {
  const [x1, y1] = [node.parent.column * step.x + width, node.parent.line * step.y + BOX.height / 2];
  const [x2, y2] = [node.column * step.x, node.line * step.y + BOX.height / 2];
  const middle = (x1 + x2) / 2;
  const path = shape("path", { d: `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}` });
  path.dataset.node = node.name;
  return path;
}

function find(node, name) {
  return node.name === name ? node : node.children.map((child) => find(child, name)).find(Boolean);
}

function branchName(node, branch) {
  const unit = find(api["x-servegraph"].graph, node);
  const child = unit && unit.children[branch];
  if (child) return child.name;
  if (branch === -1) return unit && unit.children.length > 1 ? "all children" : unit && unit.children.length ? unit.children[0].name : "—";
  return branch === -2 ? "no child" : String(branch);
}

function mark(meta) {
  const taken = new Set();
  const visit = (node) => {
    taken.add(node.name);
    const branch = (meta.routing || {})[node.name];
    node.children.forEach((child, index) => { if (branch === undefined || branch === -1 || branch === index) visit(child); });
  };
  if (meta.routing) visit(api["x-servegraph"].graph);
  for (const element of $("graph").querySelectorAll("[data-node]")) element.classList.toggle("taken", taken.has(element.dataset.node));
}

// --- wiring

$("form").addEventListener("submit", send);
$("reset").addEventListener("click", example);
$("body").addEventListener("input", checkBody);
$("copy").addEventListener("click", copy);
for (const button of document.querySelectorAll("[data-reward]")) {
  button.addEventListener("click", () => sendFeedback(Number(button.dataset.reward)));
}
start().catch((error) => {
  $("broken").hidden = false;
  $("broken").textContent = "The graph's description cannot be read: " + error.message;
});
