// The table of requests: filtered, sorted, and only as many rows in the document as are seen.
const ROW = 28, PRINTED = 50;
// Definitions behind the heads of columns.
const TERMS = { concurrency: "concurrency", rate: "rate", replay: "replay", "TTFT (ms)": "ttft", "ITL (ms)": "itl", latency: "latency", input: "input_tokens", cached: "cached_tokens", output: "output_tokens", start: "queue_wait_ms" };
const requestTable = (data) => {
  const all = [];
  data.levels.forEach((level, l) => level.rounds.forEach((r) => r.index.forEach((_, i) => all.push([l, r, i]))));
  const text = (r, i) => data.texts.id[r.text[i]] || "";
  const outcome = (r, i) => data.kinds[r.outcome[i]];
  const flags = (r, i) => data.flags.filter((_, bit) => r.flags[i] & (1 << bit)).join(" ");
  const rounds = data.levels.flatMap((level) => level.rounds);
  // Columns without anything in them are no columns.
  const columns = [
    [data.load, (l) => data.levels[l].name, (l) => l, data.levels.length > 1],
    ["round", (_, r) => roundName(r), (_, r) => r.number],
    ["request", (_, r, i) => label(data, r, i), (_, r, i) => r.index[i]],
    ["outcome", (_, r, i) => outcome(r, i)],
    ["start", (_, r, i) => number(r.start[i], 6), (_, r, i) => r.start[i]],
    ["TTFT (ms)", (_, r, i) => number(r.ttft[i], 6), (_, r, i) => r.ttft[i]],
    ["ITL (ms)", (_, r, i) => number(r.itl[i], 5), (_, r, i) => r.itl[i]],
    ["latency", (_, r, i) => number(r.latency[i], 6), (_, r, i) => r.latency[i]],
    ["input", (_, r, i) => number(r.input[i], 9), (_, r, i) => r.input[i]],
    ["cached", (_, r, i) => number(r.cached[i], 9), (_, r, i) => r.cached[i], rounds.some((r) => r.cached.some(present))],
    ["output", (_, r, i) => number(r.output[i], 9), (_, r, i) => r.output[i]],
    ["flags", (_, r, i) => flags(r, i), null, rounds.some((r) => r.flags.some(Boolean))],
    ["prompt", (_, r, i) => data.texts.prompt[r.text[i]] || "", null, data.texts.prompt.some(present)],
  ].filter(([, , , shown]) => shown !== false);
  let rows = all, sort = { at: -1, down: false };
  const host = document.getElementById("requests");
  const search = element("input", { type: "search" });
  const level = element("select"), round = element("select"), kind = element("select");
  const count = element("span", { role: "status" });
  const body = element("tbody"), caption = element("caption", { className: "unseen" });
  const heads = columns.map(() => element("button", { type: "button" }));
  // Words to the left, numbers to the right.
  const aside = (name) => (["round", "request", "outcome", "flags", "prompt"].includes(name) ? "word" : "");
  const cells = heads.map((button, at) => element("th", { scope: "col", className: aside(columns[at][0]) }, button));
  const table = element("table", {}, caption, element("thead", {}, element("tr", { ariaRowIndex: "1" }, ...cells)), body);
  const scroller = element("div", { className: "rows", tabIndex: 0, role: "region" }, table);
  host.replaceChildren(element("div", { className: "filters" }, search, ...(data.levels.length > 1 ? [level] : []), round, kind, count), scroller);
  const option = (select, name, values) => {
    select.ariaLabel = name;
    select.replaceChildren(element("option", { value: "", textContent: `${name}: ${say("all")}` }), ...values.map(([value, text]) => element("option", { value, textContent: text })));
  };
  let print = false;
  const draw = () => {
    const from = print ? 0 : Math.max(0, Math.floor(scroller.scrollTop / ROW) - 10);
    const to = Math.min(rows.length, print ? PRINTED : from + 40);
    const pad = (n) => { const cell = element("td", { colSpan: columns.length }); cell.style.height = n * ROW + "px"; return n ? [element("tr", { className: "pad", ariaHidden: "true" }, cell)] : []; };
    body.replaceChildren(...pad(from), ...rows.slice(from, to).map((row, at) => element("tr", { ariaRowIndex: String(from + at + 2) }, ...columns.map(([name, show]) => {
      const shown = show(...row);
      return element("td", { textContent: shown, className: aside(name) + (name === "prompt" ? " text" : name === "outcome" && row[1].outcome[row[2]] ? " bad" : ""), title: name === "prompt" ? shown : "" });
    }))), ...pad(print ? 0 : rows.length - to));
  };
  const filter = () => {
    const wanted = search.value.toLowerCase();
    rows = all.filter(([l, r, i]) => (!level.value || l === Number(level.value)) && (!round.value || r.number === Number(round.value)) && (!kind.value || r.outcome[i] === Number(kind.value))
      && (!wanted || `#${r.index[i]} ${text(r, i)} ${data.texts.prompt[r.text[i]] || ""} ${outcome(r, i)} ${flags(r, i)}`.toLowerCase().includes(wanted)));
    if (sort.at >= 0) {
      const key = columns[sort.at][2] || columns[sort.at][1];
      const keyed = rows.map((row) => [key(...row), row]);
      const unknown = (v) => v === null || v === undefined;
      // What is unknown stays at the end either way.
      keyed.sort(([a], [b]) => unknown(a) - unknown(b) || (a < b ? -1 : a > b ? 1 : 0) * (sort.down ? -1 : 1));
      rows = keyed.map(([, row]) => row);
    }
    table.ariaRowCount = String(rows.length + 1);
    tell();
    draw();
  };
  const tell = () => {
    const parts = [say("shown", rows.length, all.length)];
    if (data.every > 1) parts.push(say("thinned", data.every));
    if (print && rows.length > PRINTED) parts.push(say("onPaper", PRINTED));
    count.textContent = parts.join(mark("semicolon"));
  };
  const titles = () => columns.forEach(([name], at) => {
    const sorted = sort.at === at;
    heads[at].textContent = (WORDS[name] ? say(name) : name) + (sorted ? (sort.down ? " ▼" : " ▲") : "");
    heads[at].title = definition(TERMS[name] || "");
    cells[at].ariaSort = sorted ? (sort.down ? "descending" : "ascending") : "none";
  });
  const words = () => {
    search.placeholder = search.ariaLabel = say("filter");
    caption.textContent = scroller.ariaLabel = say("requests");
    const keep = [level.value, round.value, kind.value];
    option(level, say(data.load), data.levels.map((one, l) => [String(l), one.name]));
    const numbers = [...new Map(rounds.map((r) => [r.number, roundName(r)]))];
    option(round, say("round"), numbers.map(([n, name]) => [String(n), name]));
    option(kind, say("outcome"), data.kinds.map((name, at) => [String(at), name]));
    [level.value, round.value, kind.value] = keep;
    titles();
    filter();
  };
  heads.forEach((button, at) => button.addEventListener("click", () => { sort = { at, down: sort.at === at && !sort.down }; titles(); filter(); }));
  for (const input of [search, level, round, kind]) input.addEventListener("input", () => { scroller.scrollTop = 0; filter(); });
  scroller.addEventListener("scroll", () => requestAnimationFrame(draw));
  // On paper the beginning of the table stands for all of it.
  return { words, printing(now) { print = now; tell(); draw(); } };
};
