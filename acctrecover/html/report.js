"use strict";
// The map and the tables of the page. What the evidence says is only ever set as text: nothing here makes markup of it.
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const extents = data.extents, curve = data.curve, columns = data.records.columns;
const ROW = 26, HIGH = 420, SPARE = 8, PRINTED = 200, SOUND = "records";
const $ = (id) => document.getElementById(id);

// ---- words

const many = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
const number = (n, noun) => many(n) + " " + noun + (n === 1 ? "" : "s");
const hex = (n) => "0x" + n.toString(16).padStart(8, "0");
function when(seconds) {
  if (typeof seconds !== "number") return seconds === undefined || seconds === null ? "" : String(seconds);
  const date = new Date(seconds * 1000);
  return isNaN(date) ? "@" + seconds : date.toISOString().slice(0, 19).replace("T", " ");
}
function what(extent) {
  if (extent.kind === "gap") return "gap: " + extent.cause;
  if (extent.kind === "rest") return extent.key;
  const records = number(extent.records, "record") + " " + extent.format + " " + extent.byte_order + "-endian";
  return extent.cause ? records + ": " + extent.cause : records;
}
function times(extent) {
  if (extent.kind === "chain") return extent.first === undefined ? "" : when(extent.first) + " to " + when(extent.last);
  if (!extent.held) return "";
  const held = "likely " + number(extent.held, "record"), after = when(extent.after), before = when(extent.before);
  if (after && before) return held + (after === before ? ", at " + after : ", between " + after + " and " + before);
  return held + (after ? ", after " + after : before ? ", before " + before : "");
}

// What would break a line, hide or turn round what stands beside it is shown by its number.
function visible(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (one) => (one < "\u0100" ? "\\x" + one.charCodeAt(0).toString(16).padStart(2, "0") : "\\u" + one.charCodeAt(0).toString(16)));
}

// ---- elements

function element(tag, text, name) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = visible(text);
  if (name) made.className = name;
  return made;
}
function pairs(rows) {
  const list = element("dl");
  for (const [name, value, style] of rows) {
    if (value === "" || value === undefined || value === null) continue;
    list.append(element("dt", name), element("dd", String(value), style));
  }
  return list;
}
function choices(select, names) {
  for (const name of names) {
    const option = element("option", name);
    option.value = name;
    select.append(option);
  }
}
function later(work) { // once typing rests
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(work, 120); };
}

// ---- a table of any length: only the rows in sight are in the document

function table(box, heads, cells, style, open, note) { // `note` is what print adds under a row
  const whole = element("table"), head = element("tr"), body = element("tbody");
  let rows = [], at = -1, printing = false;
  const group = element("colgroup");
  heads.forEach(([title, width, name], index) => {
    const cell = element("th", title, name);
    cell.scope = "col";
    head.append(cell);
    const column = element("col");
    if (width) column.style.width = width;
    group.append(column);
  });
  const top = element("thead");
  top.append(head);
  whole.append(group, top, body);
  box.append(whole);

  function across(text, name) { // a row of one cell
    const row = element("tr", undefined, name), cell = element("td", text);
    cell.colSpan = heads.length;
    row.append(cell);
    return row;
  }
  function space(count) {
    const row = across("", "space");
    row.firstChild.style.height = count * ROW + "px";
    row.setAttribute("aria-hidden", "true");
    return row;
  }
  function draw() {
    const first = printing ? 0 : Math.max(0, Math.min(rows.length - 1, Math.floor(box.scrollTop / ROW)) - SPARE);
    const last = printing ? Math.min(PRINTED, rows.length) : Math.min(rows.length, Math.ceil((box.scrollTop + HIGH) / ROW) + SPARE);
    const made = [];
    if (first) made.push(space(first));
    for (let place = first; place < last; place++) {
      const row = element("tr", undefined, style(rows[place]));
      row.id = box.id + "-row-" + place;
      row.setAttribute("aria-rowindex", place + 2);
      row.setAttribute("aria-selected", place === at);
      cells(rows[place]).forEach((text, index) => {
        const cell = element("td", text, heads[index][2]);
        cell.title = cell.textContent; // what is too long for its column
        row.append(cell);
      });
      made.push(row);
      if (printing && note && note(rows[place])) made.push(across(note(rows[place])));
    }
    if (printing && rows.length > last) made.push(across(number(rows.length - last, "more row") + " not printed"));
    else if (rows.length > last) made.push(space(rows.length - last));
    body.replaceChildren(...made);
    if (at >= first && at < last) box.setAttribute("aria-activedescendant", box.id + "-row-" + at);
    else box.removeAttribute("aria-activedescendant");
  }
  function choose(place, quietly) {
    if (!rows.length) return;
    at = Math.max(0, Math.min(rows.length - 1, place));
    const above = at * ROW, room = box.clientHeight - 2 * ROW;
    if (above < box.scrollTop) box.scrollTop = above;
    else if (above > box.scrollTop + room) box.scrollTop = above - room;
    draw();
    if (!quietly) open(rows[at]);
  }
  box.addEventListener("scroll", () => requestAnimationFrame(draw));
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[id]");
    if (row) choose(Number(row.id.slice(row.id.lastIndexOf("-") + 1)));
  });
  box.addEventListener("keydown", (event) => {
    const page = Math.floor(box.clientHeight / ROW) - 2;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -rows.length, End: rows.length };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(at < 0 && steps[event.key] > 0 && event.key !== "End" ? 0 : at + steps[event.key]);
  });
  addEventListener("resize", draw);
  addEventListener("beforeprint", () => { printing = true; draw(); });
  addEventListener("afterprint", () => { printing = false; draw(); });
  return {
    show(indices) {
      rows = indices;
      at = -1;
      whole.setAttribute("aria-rowcount", rows.length + 1);
      box.scrollTop = 0;
      draw();
    },
    choose(index) {
      const place = rows.indexOf(index);
      if (place >= 0) choose(place);
      return place >= 0;
    },
  };
}

// ---- extents

const byOffset = (offset) => { // the extent over an offset
  let low = 0, high = extents.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (extents[middle].start <= offset) low = middle; else high = middle - 1;
  }
  return low;
};
const extentWords = extents.map((extent, index) =>
  [index, hex(extent.start), hex(extent.stop), what(extent), times(extent), extent.detail || ""].join(" ").toLowerCase());
let opened = -1;
const extentTable = table($("extents"),
  [["#", "4em", "number"], ["start", "7.5em"], ["stop", "7.5em"], ["bytes", "7.5em", "number"], ["what", ""], ["when", ""]],
  (index) => {
    const extent = extents[index];
    return [index, hex(extent.start), hex(extent.stop), many(extent.stop - extent.start), what(extent), times(extent)];
  },
  (index) => extents[index].kind, openExtent, (index) => extents[index].detail);

function hexView(extent) {
  const view = element("table", undefined, "hex");
  let past = -1;
  extent.edges.forEach(([start, octets]) => {
    if (!octets.length) return;
    const inside = start >= extent.start && start < extent.stop, body = element("tbody", undefined, inside ? "inside" : "outside");
    const left = inside && past > extent.start && start > past ? many(start - past) + " bytes left out; " : "";
    const title = element("th", left + (inside ? "in the gap" : start < extent.start ? "before the gap" : "behind the gap"));
    const row = element("tr");
    title.colSpan = 3;
    title.scope = "rowgroup";
    row.append(title);
    body.append(row);
    for (let from = 0; from < octets.length; from += 32) {
      const bytes = octets.slice(from, from + 32).match(/../g), line = element("tr");
      const text = bytes.map((byte) => parseInt(byte, 16)).map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "."));
      line.append(element("td", hex(start + from / 2)), element("td", bytes.join(" ")), element("td", text.join("")));
      body.append(line);
    }
    past = start + octets.length / 2;
    view.append(body);
  });
  return view;
}
function openExtent(index) {
  const extent = extents[index], size = extent.stop - extent.start;
  opened = index;
  const head = element("h3", "Extent " + index + ": " + what(extent));
  const tools = element("p", undefined, "tools"), zoom = element("button", "Show on the map"), list = element("button", "Show its records");
  zoom.addEventListener("click", () => { look(extent.start - size, extent.stop + size); $("map").scrollIntoView({ block: "center" }); });
  list.addEventListener("click", () => { $("search").value = "extent=" + index; search(); $("records").scrollIntoView({ block: "center" }); });
  tools.append(zoom);
  if (extent.kind === "chain") tools.append(list);
  const told = pairs([
    ["Bytes", hex(extent.start) + " to " + hex(extent.stop) + ", " + number(size, "byte")],
    ["Why", extent.detail], ["When", times(extent)], ["Records that are not intact", extent.odd && many(extent.odd)],
    ["Bytes missing", extent.missing], ["Evidence", extent.evidence_bits && extent.evidence_bits.toFixed(1) + " bits"],
    ["E-value", extent.e_value], ["Sequence gaps", extent.sequence_gaps], ["Records lost between", extent.records_lost],
  ]);
  $("extent").replaceChildren(head, tools, told);
  if (extent.edges) $("extent").append(hexView(extent));
  $("extent").scrollTop = 0;
  draw();
}
function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean), kind = $("kind").value;
  const shown = [];
  extents.forEach((extent, index) => {
    if (kind !== "all" && kind !== extent.kind + "s" && kind !== extent.key) return;
    if (words.every((word) => extentWords[index].includes(word))) shown.push(index);
  });
  extentTable.show(shown);
  $("extents-count").textContent = many(shown.length) + " of " + number(extents.length, "extent");
}
function find(index) { // opens an extent, whatever the filter hides
  if (extentTable.choose(index)) return;
  $("kind").value = "all";
  $("filter").value = "";
  filter();
  extentTable.choose(index);
}

// ---- records

const fields = Object.keys(columns), offsets = columns.offset ? columns.offset.values : [], total = rowCount();
const general = new Set(["offset", "size", "format", "byte_order", "type", "status", "evidence_bits", "clock_seconds", "clock_utc", "why"]);
const own = fields.filter((name) => !general.has(name) && !fields.includes(name + "_text"));
const ordered = own.filter(isText).concat(own.filter((name) => !isText(name)));

function rowCount() {
  const column = columns.offset;
  return !column ? 0 : column.codes === null ? column.values.length : column.codes === 0 ? data.records.total : column.codes.length;
}
function isText(name) { return columns[name].values.some((value) => typeof value === "string"); }
function code(column, row) { return column.codes === null ? row : column.codes === 0 ? 0 : column.codes[row]; }
function value(name, row) {
  const column = columns[name], at = column ? code(column, row) : -1;
  return at < 0 ? undefined : column.values[at];
}
function shown(name, one) {
  if (one === undefined) return "";
  return name === "offset" ? hex(one) : name === "clock_seconds" ? when(one) : visible(one);
}
const seen = {}; // of a column: its distinct values in lower case, as they are shown and, where that differs, as they are
function texts(name) {
  seen[name] = seen[name] || columns[name].values.map((one) => {
    const told = shown(name, one).toLowerCase(), raw = String(one).toLowerCase();
    return told === raw ? raw : told + "\n" + raw;
  });
  return seen[name];
}
const recordTable = table($("records"),
  [["offset", "7em"], ["time", "11em"], ["record", "6em"], ["status", "5em"], ["fields", ""]],
  (row) => [hex(value("offset", row)), when(value("clock_seconds", row)), value("type", row) || value("format", row), value("status", row),
    ordered.map((name) => [name, value(name, row)]).filter((pair) => pair[1] !== undefined).slice(0, 12).map((pair) => pair.join("=")).join("  ")],
  (row) => (value("status", row) === "intact" ? "" : "odd"),
  (row) => {
    const units = data.records.units, offset = value("offset", row), button = element("button", "Show its extent");
    button.addEventListener("click", () => { find(byOffset(offset)); $("extents").scrollIntoView({ block: "center" }); });
    const tools = element("p", undefined, "tools");
    tools.append(button);
    $("record").replaceChildren(element("h3", "Record at " + hex(offset)), tools, pairs(fields.map((name) =>
      [units[name] ? name + " (" + units[name] + ")" : name, shown(name, value(name, row)), "text"])));
    $("record").scrollTop = 0;
  });

function matching(word) { // 1 for each row that a word of the search stands in
  const out = new Uint8Array(total), [, name, wanted] = word.match(/^([\w ]+)=(.*)$/) || [];
  if (name === "extent") {
    const extent = extents[Number(wanted)];
    for (let row = 0; row < total; row++) out[row] = extent && value("offset", row) >= extent.start && value("offset", row) < extent.stop ? 1 : 0;
    return out;
  }
  const named = fields.filter((field) => field.toLowerCase() === name || field.toLowerCase().endsWith("_" + name));
  const asked = /^0x[0-9a-f]+$/.test(wanted) ? [wanted, String(Number(wanted))] : [wanted];
  for (const field of named.length ? named : fields) {
    const column = columns[field];
    const hits = texts(field).map((text) => (named.length ? text.split("\n").some((one) => asked.includes(one)) : text.includes(word)));
    if (!hits.includes(true)) continue;
    for (let row = 0; row < total; row++) {
      const at = code(column, row);
      if (at >= 0 && hits[at]) out[row] = 1;
    }
  }
  return out;
}
function search() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean), status = $("status").value;
  const masks = words.map(matching), found = [];
  for (let row = 0; row < total; row++) {
    if ((status === "all" || value("status", row) === status) && masks.every((mask) => mask[row])) found.push(row);
  }
  recordTable.show(found);
  $("records-count").textContent = many(found.length) + " of " + number(total, "record") +
    (total < data.records.total ? " in this page, of " + many(data.records.total) + " in the stream" : "");
}

// ---- the map

const map = $("map"), context = map.getContext("2d"), LEFT = 92, RIGHT = 14, LINES = "#1c1c1c";
const dark = matchMedia("(prefers-color-scheme: dark)");
let ink = LINES, paper = "#ffffff", onPaper = false; // on paper a page is light, whatever the screen is
const STRIP = [8, 46], TICKS = [50, 60], CLOCK = [104, 304], BARS = [340, 400];
const view = { from: 0, to: Math.max(data.size, 1) };
let drag = null;

function fill(key, ratio) { // a pattern of the look's colour and lines
  const tile = document.createElement("canvas"), size = 8 * ratio, pen = tile.getContext("2d");
  const [colour, lines] = data.looks[key];
  tile.width = tile.height = size;
  pen.scale(ratio, ratio);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = LINES;
  const line = (...ends) => { pen.beginPath(); pen.moveTo(ends[0], ends[1]); pen.lineTo(ends[2], ends[3]); pen.stroke(); };
  if (lines === "/") for (const by of [-8, 0, 8]) line(by - 1, 9, by + 9, -1);
  if (lines === "\\") for (const by of [-8, 0, 8]) line(by - 1, -1, by + 9, 9);
  if (lines === "x") { line(0, 0, 8, 8); line(0, 8, 8, 0); }
  if (lines === "-" || lines === "+") line(0, 4, 8, 4);
  if (lines === "|" || lines === "+") line(4, 0, 4, 8);
  if (lines === ".") pen.fillRect(3, 3, 2, 2);
  return context.createPattern(tile, "repeat");
}
const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
function marks(low, high, most) { // whole seconds, minutes, hours or days of a time axis
  const range = high - low, step = STEPS.find((one) => range / one <= most) || 86400 * Math.ceil(range / most / 86400), out = [];
  let day = "";
  for (let at = Math.ceil(low / step) * step; at <= high && out.length <= most; at += step) { // far out, at + step may be at
    const [date, time] = when(at).split(" ");
    out.push([at, step >= 86400 || !time ? [date] : date === day ? [time] : [time, date]]);
    day = date;
  }
  return out;
}
function draw() {
  const ratio = devicePixelRatio || 1, width = map.clientWidth, height = map.clientHeight;
  if (!width) return;
  map.width = width * ratio;
  map.height = height * ratio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const shade = getComputedStyle(document.documentElement);
  [ink, paper] = onPaper || !dark.matches ? [LINES, "#ffffff"] : [shade.getPropertyValue("--ink").trim(), shade.getPropertyValue("--paper").trim()];
  context.fillStyle = paper;
  context.fillRect(0, 0, width, height);
  context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
  context.lineWidth = 1;
  const wide = width - LEFT - RIGHT, x = (offset) => LEFT + ((offset - view.from) / (view.to - view.from)) * wide;
  const fills = {};
  for (const key in data.looks) {
    fills[key] = fill(key, ratio);
    fills[key].setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  }
  const first = byOffset(view.from);
  let last = first;
  while (last < extents.length && extents[last].start < view.to) last++;
  const clip = (extent) => [Math.max(LEFT, x(extent.start)), Math.min(LEFT + wide, x(extent.stop))];
  const label = (text, at, y, align) => { context.fillStyle = ink; context.textAlign = align; context.fillText(text, at, y); };

  label("bytes", LEFT - 8, (STRIP[0] + STRIP[1]) / 2 + 4, "right");
  label("each gap", LEFT - 8, TICKS[1] - 1, "right");
  for (let index = first; index < last; index++) {
    const extent = extents[index], [from, to] = clip(extent);
    context.fillStyle = fills[extent.key];
    context.fillRect(from, STRIP[0], to - from, STRIP[1] - STRIP[0]);
    context.strokeStyle = ink;
    if (to - from > 3) context.strokeRect(from, STRIP[0], to - from, STRIP[1] - STRIP[0]);
    if (extent.kind !== "gap") continue;
    context.fillStyle = ink;
    context.fillRect(from, TICKS[0], Math.max(2, to - from), TICKS[1] - TICKS[0]);
    context.save();
    context.globalAlpha = 0.3;
    context.fillStyle = fills[extent.key];
    context.fillRect(from, CLOCK[0], Math.max(1, to - from), CLOCK[1] - CLOCK[0]);
    context.restore();
    if (to - from > context.measureText(extent.cause).width + 6) label(extent.cause, (from + to) / 2, CLOCK[0] - 5, "center");
  }
  if (opened >= first && opened < last) {
    const [from, to] = clip(extents[opened]);
    context.lineWidth = 3;
    context.strokeRect(from - 1, STRIP[0] - 2, Math.max(3, to - from + 2), STRIP[1] - STRIP[0] + 4);
    context.lineWidth = 1;
  }
  const step = 2 ** Math.max(0, Math.ceil(Math.log2((view.to - view.from) / 8)));
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    context.fillStyle = ink;
    context.fillRect(x(at), 62, 1, 5);
    label("0x" + at.toString(16), x(at), 79, x(at) > LEFT + wide - 30 ? "right" : "center");
  }

  const seen = [];
  for (let n = 0; n < curve.offsets.length; n++) if (curve.offsets[n] >= view.from && curve.offsets[n] < view.to) seen.push(n);
  label("clock", LEFT - 8, CLOCK[0] - 5, "right");
  context.strokeStyle = ink;
  context.strokeRect(LEFT, CLOCK[0], wide, CLOCK[1] - CLOCK[0]);
  if (!seen.length) {
    label("no record with a clock here", LEFT + wide / 2, (CLOCK[0] + CLOCK[1]) / 2, "center");
    return;
  }
  let low = Infinity, high = -Infinity;
  for (const n of seen) { low = Math.min(low, curve.low[n]); high = Math.max(high, curve.high[n]); }
  const far = seen.filter((n) => curve.low[n] < curve.span[0] || curve.high[n] > curve.span[1]);
  if (far.length < seen.length) { low = Math.max(low, curve.span[0]); high = Math.min(high, curve.span[1]); }
  const pad = Math.max((high - low) * 0.05, 0.5), lowest = low - pad, highest = high + pad;
  const y = (time) => CLOCK[1] - 4 - ((Math.max(low, Math.min(high, time)) - lowest) / (highest - lowest)) * (CLOCK[1] - CLOCK[0] - 8);
  for (const [time, words] of marks(lowest, highest, 6)) {
    context.fillStyle = ink;
    context.fillRect(LEFT, y(time), 4, 1);
    words.forEach((word, line) => label(word, LEFT - 8, y(time) + 4 + 13 * line, "right"));
  }
  const named = new Set();
  for (let at = 0; at < seen.length;) {
    const index = curve.extents[seen[at]], key = extents[index].key;
    const line = new Path2D(), begun = at;
    for (; at < seen.length && curve.extents[seen[at]] === index; at++) {
      const n = seen[at], across = x(curve.offsets[n]);
      if (at === begun) line.moveTo(across - 1, y(curve.low[n]));
      line.lineTo(across, y(curve.low[n]));
      line.lineTo(across, y(curve.high[n]));
    }
    if (key !== SOUND) { // a band in the look's colour, and dashes that greyscale leaves
      context.strokeStyle = data.looks[key][0];
      context.lineWidth = 6;
      context.stroke(line);
      context.setLineDash([7, 4]);
    }
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.stroke(line);
    context.setLineDash([]);
    context.lineWidth = 1;
    if (key !== SOUND && !named.has(key)) {
      named.add(key);
      const across = x(curve.offsets[seen[begun]]), up = y(curve.high[seen[begun]]);
      label(key, Math.max(across, LEFT) + 3, up - 8 < CLOCK[0] + 12 ? up + 18 : up - 8, "left");
    }
  }
  context.fillStyle = ink;
  for (const n of far) {
    const across = x(curve.offsets[n]), above = curve.high[n] > high, edge = above ? CLOCK[0] : CLOCK[1], tip = above ? 7 : -7;
    context.beginPath();
    context.moveTo(across, edge);
    context.lineTo(across - 4, edge + tip);
    context.lineTo(across + 4, edge + tip);
    context.fill();
  }
  if (far.length) {
    const count = far.reduce((sum, n) => sum + curve.counts[n], 0);
    label("triangles: " + number(count, "record") + " far off in time", LEFT + wide, CLOCK[1] + 14, "right");
  }
  drawTimes(seen, lowest, highest, wide, first, last, fills, label);
}
function drawTimes(seen, lowest, highest, wide, first, last, fills, label) { // the records in sight by time
  const parts = Math.max(20, Math.floor(wide / 6)), part = (highest - lowest) / parts, bars = {};
  for (const n of seen) {
    const key = extents[curve.extents[n]].key, from = (curve.low[n] - lowest) / part, to = (curve.high[n] - lowest) / part;
    const bar = (bars[key] = bars[key] || new Float64Array(parts));
    for (let at = Math.max(0, Math.floor(from)); at <= Math.min(parts - 1, to); at++) {
      bar[at] += to > from ? (curve.counts[n] * (Math.min(to, at + 1) - Math.max(from, at))) / (to - from) : curve.counts[n];
    }
  }
  const keys = Object.keys(bars).sort((a, b) => (b === SOUND) - (a === SOUND)), top = new Float64Array(parts);
  for (const key of keys) bars[key].forEach((count, at) => { top[at] += count; });
  const most = top.reduce((a, b) => Math.max(a, b), 1e-9), foot = new Float64Array(parts), tall = BARS[1] - BARS[0];
  for (const key of keys) {
    bars[key].forEach((count, at) => {
      if (!count) return;
      const high = Math.max(1.5, (count / most) * tall);
      context.fillStyle = fills[key];
      context.fillRect(LEFT + (at * wide) / parts, BARS[1] - foot[at] - high, wide / parts - 1, high);
      foot[at] += high;
    });
  }
  const x = (time) => LEFT + Math.max(0, Math.min(1, (time - lowest) / (highest - lowest))) * wide;
  for (let index = first; index < last; index++) {
    const gap = extents[index];
    if (gap.kind !== "gap" || !gap.held || gap.after === undefined || gap.before === undefined) continue;
    context.fillStyle = fills[gap.key];
    context.fillRect(x(gap.after), BARS[1] - 9, Math.max(2, x(gap.before) - x(gap.after)), 9);
    context.strokeStyle = ink;
    context.strokeRect(x(gap.after), BARS[1] - 9, Math.max(2, x(gap.before) - x(gap.after)), 9);
  }
  context.fillStyle = ink;
  context.fillRect(LEFT, BARS[1], wide, 1);
  label("records by time; boxes: when those of a gap were lost", LEFT, BARS[0] - 8, "left");
  label("up to " + many(Math.ceil(most)), LEFT - 8, BARS[0] + 10, "right");
  for (const [time, words] of marks(lowest, highest, Math.max(2, Math.floor(wide / 110)))) {
    const across = x(time);
    context.fillStyle = ink;
    context.fillRect(across, BARS[1], 1, 5);
    words.forEach((word, line) => label(word, across, BARS[1] + 18 + 13 * line, across > LEFT + wide - 34 ? "right" : "center"));
  }
}
function look(from, to) { // shows a range of the input, at least some bytes of it
  const size = Math.max(data.size, 1), wide = Math.min(size, Math.max(to - from, 16));
  view.from = Math.max(0, Math.min(size - wide, (from + to - wide) / 2));
  view.to = view.from + wide;
  draw();
  say("Shown: " + hex(Math.floor(view.from)) + " to " + hex(Math.ceil(view.to)));
}
function zoom(by, around) {
  const at = around === undefined ? (view.from + view.to) / 2 : around;
  look(at - (at - view.from) * by, at + (view.to - at) * by);
}
function pan(by) {
  const step = (view.to - view.from) * by;
  const from = Math.max(0, Math.min(data.size - (view.to - view.from), view.from + step));
  look(from, from + view.to - view.from);
}
function say(text) { $("told").textContent = text; }
function step(by) { // to the next gap or the one before
  let index = opened < 0 ? (by > 0 ? -1 : extents.length) : opened;
  do index += by; while (extents[index] && extents[index].kind !== "gap");
  if (!extents[index]) { say(by > 0 ? "No gap behind this one." : "No gap before this one."); return; }
  const gap = extents[index], room = Math.max(4 * (gap.stop - gap.start), data.size / 50);
  find(index);
  look((gap.start + gap.stop - room) / 2, (gap.start + gap.stop + room) / 2);
  say("Extent " + index + ": " + what(gap) + ", " + number(gap.stop - gap.start, "byte") + " at " + hex(gap.start));
}
const offsetAt = (event) => {
  const box = map.getBoundingClientRect(), part = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
  return view.from + Math.max(0, Math.min(1, part)) * (view.to - view.from);
};
map.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  drag = { x: event.clientX, offset: offsetAt(event) };
  map.setPointerCapture(event.pointerId);
});
map.addEventListener("pointermove", (event) => {
  const offset = Math.min(offsetAt(event), data.size - 1), index = byOffset(offset), extent = extents[index], hover = $("hover");
  if (!extent) return;
  draw();
  if (drag && Math.abs(event.clientX - drag.x) > 4) {
    const box = map.getBoundingClientRect();
    context.fillStyle = "rgba(0, 0, 0, .15)";
    context.fillRect(Math.min(drag.x, event.clientX) - box.left, 0, Math.abs(event.clientX - drag.x), CLOCK[1]);
  }
  hover.textContent = [hex(Math.floor(offset)) + ", extent " + index, what(extent), hex(extent.start) + " to " + hex(extent.stop) + ", " +
    number(extent.stop - extent.start, "byte"), times(extent), visible(extent.detail || "")].filter(Boolean).join("\n");
  hover.hidden = false;
  hover.style.left = Math.min(event.pageX + 14, document.documentElement.clientWidth - hover.offsetWidth - 8) + "px";
  hover.style.top = event.pageY + 16 + "px";
});
map.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const begun = drag;
  drag = null;
  if (Math.abs(event.clientX - begun.x) > 4) look(Math.min(begun.offset, offsetAt(event)), Math.max(begun.offset, offsetAt(event)));
  else if (extents.length) find(byOffset(Math.min(begun.offset, data.size - 1)));
});
map.addEventListener("pointerleave", () => { $("hover").hidden = true; draw(); });
map.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, offsetAt(event));
}, { passive: false });
map.addEventListener("keydown", (event) => {
  const does = {
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => look(0, data.size),
    ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25), n: () => step(1), p: () => step(-1),
  }[event.key];
  if (!does || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  does();
});
$("zoom-in").addEventListener("click", () => zoom(0.5));
$("zoom-out").addEventListener("click", () => zoom(2));
$("zoom-all").addEventListener("click", () => look(0, data.size));
$("gap-before").addEventListener("click", () => step(-1));
$("gap-after").addEventListener("click", () => step(1));
addEventListener("resize", draw);
dark.addEventListener("change", draw);
addEventListener("beforeprint", () => { onPaper = true; draw(); });
addEventListener("afterprint", () => { onPaper = false; draw(); });

for (const key in data.looks) {
  const item = element("li"), swatch = element("canvas"), of = extents.filter((extent) => extent.key === key);
  swatch.width = 60;
  swatch.height = 32;
  const pen = swatch.getContext("2d");
  pen.fillStyle = fill(key, 2);
  pen.fillRect(0, 0, 60, 32);
  const bytes = of.reduce((sum, extent) => sum + extent.stop - extent.start, 0);
  item.append(swatch, key + ": " + number(bytes, "byte") + " in " + number(of.length, of[0].kind));
  $("legend").append(item);
}
choices($("kind"), ["all", "chains", "gaps", ...Object.keys(data.looks).filter((key) => key !== SOUND)]);
choices($("status"), ["all", ...(columns.status ? columns.status.values : [])]);
for (const [id, work] of [["filter", filter], ["search", search]]) $(id).addEventListener("input", later(work));
$("kind").addEventListener("change", filter);
$("status").addEventListener("change", search);
filter();
search();
draw();
})();
