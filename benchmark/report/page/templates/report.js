"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // -- sorting: within each block, so that the trivial baselines stay together ------------------------
  const keyOf = (row, column, asText) => {
    const cell = row.cells[column];
    if (asText) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === undefined ? NaN : Number(cell.dataset.value);
  };
  const sortBy = (table, header) => {
    const asText = header.dataset.sort === "text";
    const column = header.cellIndex;
    const was = header.getAttribute("aria-sort");
    const order = was ? (was === "ascending" ? "descending" : "ascending") : asText ? "ascending" : "descending";
    $$("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    for (const body of table.tBodies) {
      const rows = [...body.rows].map((row) => [keyOf(row, column, asText), row]);
      rows.sort(([a], [b]) => {
        if (asText) return sign * a.localeCompare(b);
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b); // gaps last
        return sign * (a - b);
      });
      body.append(...rows.map(([, row]) => row));
    }
  };
  for (const table of $$("table.sortable")) {
    for (const header of $$("th[data-sort]", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortBy(table, header));
    }
  }

  // -- protocol tables: one at a time, filtered ------------------------------------------------
  const controls = $("#controls");
  const choose = () => {
    const [protocol, metric, wanted] = [$("#protocol").value, $("#metric").value, $("#filter").value.trim().toLowerCase()];
    let shown = 0;
    for (const sheet of $$(".sheet")) {
      sheet.hidden = sheet.dataset.protocol !== protocol || sheet.dataset.metric !== metric;
      for (const row of $$("tbody tr", sheet)) {
        const simple = row.classList.contains("one-liner");
        row.hidden = !row.textContent.toLowerCase().includes(wanted) || (simple && !$("#simple").checked);
        shown += !sheet.hidden && !row.hidden;
      }
    }
    $("#shown").textContent = `${shown} row${shown === 1 ? "" : "s"}`;
  };
  if (controls) {
    for (const kind of ["input", "change"]) controls.addEventListener(kind, choose);
    controls.addEventListener("submit", (event) => event.preventDefault());
    choose();
  }

  // -- traces ----------------------------------------------------------------------------------
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const viewers = [];

  class Viewer {
    constructor(root) {
      const data = JSON.parse(document.getElementById(root.dataset.payload).textContent);
      Object.assign(this, { root, n: data.n, segments: data.segments, scores: data.scores, clock: data.clock, from: 0, to: data.n, at: -1 });
      const protocols = [...new Set(this.scores.map((trace) => trace.protocol))];
      this.views = protocols.length > 1 ? ["as published", ...protocols] : protocols;
      this.spans = data.fine ?? [];
      this.signal = this.decoded({ ...data.signal, group: "ink", fitted: true });
      this.bar = document.createElement("div");
      this.bar.className = "viewer-bar";
      this.rows = document.createElement("div");
      root.replaceChildren(this.bar, this.rows);
      root.tabIndex = 0;
      root.addEventListener("keydown", (event) => this.key(event));
      this.buildBar();
      this.show(this.views[0]);
    }

    decoded(trace) { // numbers of the whole trace, and of the stretches that are kept whole
      const numbers = (text) => (trace.bits === 16 ? new Uint16Array(bytes(text).buffer) : bytes(text));
      trace.numbers = numbers(trace.data);
      trace.top = 2 ** (trace.bits ?? 8) - 1;
      trace.whole = [];
      const fine = trace.fine ? numbers(trace.fine) : [];
      let at = 0;
      for (const [start, stop] of this.spans) {
        const [first, last] = [Math.max(start, trace.first), Math.min(stop, trace.first + trace.n)];
        if (last <= first || at >= fine.length) continue;
        trace.whole.push({ first, last, numbers: fine.subarray(at, at + last - first) });
        at += last - first;
      }
      return trace;
    }

    buildBar() {
      const button = (text, title, action) => {
        const made = document.createElement("button");
        Object.assign(made, { type: "button", textContent: text, title });
        made.addEventListener("click", action);
        this.bar.append(made);
      };
      if (this.views.length > 1) {
        const select = document.createElement("select");
        select.setAttribute("aria-label", "Protocol");
        select.append(...this.views.map((name) => new Option(name)));
        select.addEventListener("change", () => this.show(select.value));
        this.bar.append(select);
      }
      button("−", "zoom out", () => this.zoom(2));
      button("+", "zoom in", () => this.zoom(0.5));
      button("◂", "left", () => this.pan(-0.5));
      button("▸", "right", () => this.pan(0.5));
      button("next anomaly", "zoom to the next labelled stretch", () => this.next());
      button("all", "show all", () => this.range(0, this.n));
      this.text = document.createElement("span");
      this.text.className = "range";
      this.bar.append(this.text);
    }

    show(view) {
      const chosen = this.scores.filter((trace) => (view === "as published" ? trace.paper : trace.protocol === view));
      chosen.sort((a, b) => (b.auroc ?? -1) - (a.auroc ?? -1));
      const traces = chosen.map((trace) => this.decoded({ ...trace }));
      this.traces = [this.signal, ...traces];
      this.rows.replaceChildren(...this.traces.map((trace, k) => this.row(trace, k)));
      this.draw();
    }

    row(trace, k) {
      const row = document.createElement("div");
      row.className = k ? "trace" : "trace signal";
      const name = document.createElement("span");
      const figure = document.createElement("i");
      name.append(trace.label || "signal", figure);
      figure.textContent = trace.note ?? (k && trace.auroc !== null ? trace.auroc.toFixed(3).replace(/^0/, "") : "");
      trace.figure = figure;
      trace.canvas = document.createElement("canvas");
      this.drag(trace.canvas);
      row.append(name, trace.canvas);
      return row;
    }

    drag(canvas) {
      let start = null;
      const place = (event) => {
        const box = canvas.getBoundingClientRect();
        return this.from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (this.to - this.from);
      };
      canvas.addEventListener("pointerdown", (event) => { start = place(event); canvas.setPointerCapture(event.pointerId); });
      canvas.addEventListener("pointermove", (event) => { if (start !== null) { this.picked = [start, place(event)]; this.draw(); } });
      canvas.addEventListener("pointercancel", () => { start = this.picked = null; this.draw(); });
      canvas.addEventListener("pointerup", (event) => {
        if (start === null) return;
        const [a, b] = [start, place(event)].sort((x, y) => x - y);
        start = this.picked = null;
        if (b - a > (this.to - this.from) / 100) this.range(a, b); else this.draw();
      });
      canvas.addEventListener("dblclick", () => this.range(0, this.n));
    }

    key(event) {
      const action = { "+": () => this.zoom(0.5), "-": () => this.zoom(2), ArrowLeft: () => this.pan(-0.25),
        ArrowRight: () => this.pan(0.25), n: () => this.next(), 0: () => this.range(0, this.n) }[event.key];
      if (action && event.target === this.root) { action(); event.preventDefault(); }
    }

    range(from, to) {
      const width = Math.min(this.n, Math.max(20, to - from));
      this.from = Math.max(0, Math.min(this.n - width, from));
      this.to = this.from + width;
      this.draw();
    }
    zoom(factor) { const [c, w] = [(this.from + this.to) / 2, (this.to - this.from) * factor]; this.range(c - w / 2, c + w / 2); }
    pan(share) { const step = (this.to - this.from) * share; this.range(this.from + step, this.to + step); }
    next() {
      if (!this.segments.length) return;
      this.at = (this.at + 1) % this.segments.length;
      this.around(...this.segments[this.at]);
    }
    around(a, b) {
      const margin = Math.max(100, 3 * (b - a));
      this.range(a - margin, b + margin);
    }

    place(row) { // a row, or its time where the page has times of evenly spread rows
      if (!this.clock) return Math.round(row).toLocaleString("en");
      const at = (Math.min(row, this.n - 1) / (this.n - 1)) * (this.clock.length - 1);
      const [low, high] = [this.clock[Math.floor(at)], this.clock[Math.ceil(at)]];
      const fine = this.clock.at(-1) - this.clock[0] < 1000 * this.n; // several rows a second
      const unit = fine ? 1 : 1000;
      const time = new Date(unit * Math.round((low + (at % 1) * (high - low)) / unit));
      return time.toISOString().slice(0, fine ? 23 : 19).replace("T", " ");
    }

    draw() {
      this.text.textContent = `${this.clock ? "" : "rows "}${this.place(this.from)} – ${this.place(this.to)}`;
      for (const trace of this.traces) this.paint(trace);
    }

    paint(trace) {
      const { canvas } = trace;
      const [width, height, density] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
      const pen = canvas.getContext("2d");
      pen.scale(density, density);
      const scale = width / (this.to - this.from);
      const x = (row) => (row - this.from) * scale;
      pen.fillStyle = colour("--anomaly");
      for (const [a, b] of this.segments) {
        if (b > this.from && a < this.to) pen.fillRect(x(a), 0, Math.max(1.5, (b - a) * scale), height);
      }
      if (this.picked) {
        const [a, b] = this.picked;
        pen.globalAlpha = 0.15;
        pen.fillStyle = colour("--ink");
        pen.fillRect(Math.min(x(a), x(b)), 0, Math.abs(x(b) - x(a)), height);
        pen.globalAlpha = 1;
      }
      this.line(pen, trace, x, height);
      if (trace.threshold !== undefined) this.level(pen, trace, width, height);
    }

    level(pen, trace, width, height) {
      const y = (1 - (trace.threshold - trace.low) / (trace.high - trace.low || 1)) * (height - 4) + 2;
      pen.strokeStyle = colour("--anomaly-edge");
      pen.setLineDash([6, 4]);
      pen.beginPath();
      pen.moveTo(0, y);
      pen.lineTo(width, y);
      pen.stroke();
    }

    visible(trace) { // places of the kept numbers that are in sight
      const step = trace.n / trace.numbers.length; // rows a number; numbers of a bucket come as (lowest, highest)
      const first = Math.max(0, Math.floor((this.from - trace.first) / step) - 2) & ~1;
      return { step, first, last: Math.min(trace.numbers.length - 1, Math.ceil((this.to - trace.first) / step) + 2) };
    }

    bounds(trace) { // lowest and highest number of the picture: of what is in sight for a signal, else of all
      if (!trace.fitted || this.to - this.from >= this.n) return [0, trace.top];
      const inside = trace.whole.find((part) => part.first <= this.from && part.last >= this.to);
      const { first, last } = this.visible(trace);
      const seen = inside
        ? inside.numbers.subarray(Math.floor(this.from) - inside.first, Math.ceil(this.to) - inside.first)
        : trace.numbers.subarray(first, last + 1);
      const [low, high] = seen.reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [trace.top, 0]);
      return high > low ? [low, high] : [Math.max(0, low - 1), Math.min(trace.top, high + 1)];
    }

    line(pen, trace, x, height) {
      const [low, high] = this.bounds(trace);
      if (trace.fitted) this.tell(trace, low, high);
      const y = (value) => (1 - (value - low) / (high - low || 1)) * (height - 4) + 2;
      const whole = trace.whole.filter((part) => part.last > this.from && part.first < this.to);
      pen.strokeStyle = pen.fillStyle = colour(`--${trace.group}`);
      pen.lineWidth = 1;
      pen.lineJoin = "round";
      pen.save();
      if (whole.length) { // the thinned trace leaves out what is there whole
        pen.beginPath();
        pen.rect(0, 0, pen.canvas.width, height);
        for (const part of whole) pen.rect(x(part.first), 0, x(part.last) - x(part.first), height);
        pen.clip("evenodd");
      }
      this.thinned(pen, trace, x, y);
      pen.restore();
      for (const part of whole) {
        pen.beginPath();
        const [start, stop] = [Math.max(part.first, Math.floor(this.from) - 1), Math.min(part.last, Math.ceil(this.to) + 1)];
        for (let row = start; row < stop; row++) pen.lineTo(x(row + 0.5), y(part.numbers[row - part.first]));
        pen.stroke();
      }
    }

    thinned(pen, trace, x, y) {
      const { step, first, last } = this.visible(trace);
      const kept = trace.numbers.length;
      const point = (k) => pen.lineTo(x(trace.first + (k + 0.5) * step), y(trace.numbers[k]));
      pen.beginPath();
      if (kept === trace.n) {
        for (let k = first; k <= last; k++) point(k);
      } else { // a band from the lowest to the highest of each bucket
        for (let k = first; k <= last; k += 2) point(k);
        for (let k = last | 1; k > first; k -= 2) point(Math.min(k, kept - 1));
        pen.closePath();
        pen.fill();
      }
      pen.stroke();
    }

    tell(trace, low, high) { // the values between which a signal is drawn
      const level = (number) => Number((trace.low + (number / trace.top) * (trace.high - trace.low)).toPrecision(3));
      const value = (number) => `${level(number)}`.replace(".", trace.mark ?? ".");
      trace.figure.textContent = `${value(low)} to ${value(high)}`;
    }
  }

  const view = (root) => {
    if (!root.viewer) viewers.push((root.viewer = new Viewer(root)));
    return root.viewer;
  };
  for (const root of $$(".viewer")) {
    const details = root.closest("details.series");
    if (details) details.addEventListener("toggle", () => details.open && view(root));
    else view(root);
  }
  for (const button of $$("button[data-rows]")) {
    button.addEventListener("click", () => {
      const root = $(".viewer", button.closest(".series"));
      view(root).around(...JSON.parse(button.dataset.rows));
      root.scrollIntoView({ block: "center" });
    });
  }

  // -- links to a row or a series, and texts to copy --------------------------------------------
  const visit = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const sheet = target.closest(".sheet");
    if (sheet) {
      $("#protocol").value = sheet.dataset.protocol;
      $("#metric").value = sheet.dataset.metric;
      choose();
    }
    if (target.matches("details")) target.open = true;
    target.scrollIntoView({ block: target.matches("tr") ? "center" : "start" });
  };
  window.addEventListener("hashchange", visit);
  visit();

  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.value);
    } catch { // pages from a disk may not use the clipboard: select the text, which can
      source.hidden = false;
      source.select();
      return document.execCommand("copy") && ((source.hidden = true), true);
    }
    return true;
  };
  for (const button of $$("button[data-copy]")) {
    button.addEventListener("click", async () => {
      const done = await copied(document.getElementById(button.dataset.copy));
      button.textContent = done ? "copied" : "press Ctrl-C";
      setTimeout(() => (button.textContent = "copy"), 2000);
    });
  }

  const redraw = () => viewers.forEach((viewer) => viewer.draw());
  window.addEventListener("resize", redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
