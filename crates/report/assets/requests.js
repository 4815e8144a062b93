// The table of requests: filtered, sorted, and only as many rows in the document as are seen.
const ROW = 28;
// Definitions behind the heads of columns.
const TERMS = { concurrency: "concurrency", "TTFT (ms)": "ttft", "ITL (ms)": "itl", latency: "latency", input: "input_tokens", cached: "cached_tokens", output: "output_tokens", start: "queue_wait_ms" };
const requestTable = (data) => {
  const all = [];
  data.levels.forEach((level, l) => level.rounds.forEach((r) => r.index.forEach((_, i) => all.push([l, r, i]))));
  const text = (r, i) => data.texts.id[r.text[i]] || "";
  const outcome = (r, i) => data.kinds[r.outcome[i]];
  const flags = (r, i) => data.flags.filter((_, bit) => r.flags[i] & (1 << bit)).join(" ");
  const columns = [
    ["concurrency", (l) => data.levels[l].name, (l) => l],
    ["round", (_, r) => roundName(r), (_, r) => r.number],
    ["request", (_, r, i) => label(data, r, i), (_, r, i) => r.index[i]],
    ["outcome", (_, r, i) => outcome(r, i)],
    ["start", (_, r, i) => number(r.start[i], 6), (_, r, i) => r.start[i]],
    ["TTFT (ms)", (_, r, i) => number(r.ttft[i], 6), (_, r, i) => r.ttft[i]],
    ["ITL (ms)", (_, r, i) => number(r.itl[i], 5), (_, r, i) => r.itl[i]],
    ["latency", (_, r, i) => number(r.latency[i], 6), (_, r, i) => r.latency[i]],
    ["input", (_, r, i) => number(r.input[i], 9), (_, r, i) => r.input[i]],
    ["cached", (_, r, i) => number(r.cached[i], 9), (_, r, i) => r.cached[i]],
    ["output", (_, r, i) => number(r.output[i], 9), (_, r, i) => r.output[i]],
    ["flags", (_, r, i) => flags(r, i)],
    ["prompt", (_, r, i) => data.texts.prompt[r.text[i]] || ""],
  ];
  let rows = all, sort = { at: -1, down: false };
  const host = document.getElementById("requests");
  const search = element("input", { type: "search" });
  const level = element("select"), round = element("select"), kind = element("select");
  const count = element("span");
  const body = element("tbody"), head = element("tr");
  const scroller = element("div", { className: "rows", tabIndex: 0 }, element("table", {}, element("thead", {}, head), body));
  host.replaceChildren(element("div", { className: "filters" }, search, level, round, kind, count), scroller);
  const option = (select, name, values) => select.replaceChildren(element("option", { value: "", textContent: `${name}: ${say("all")}` }), ...values.map(([value, text]) => element("option", { value, textContent: text })));
  let print = false;
  const draw = () => {
    const from = print ? 0 : Math.max(0, Math.floor(scroller.scrollTop / ROW) - 10);
    const to = Math.min(rows.length, print ? 50 : from + 40);
    const pad = (n) => { const cell = element("td", { colSpan: columns.length }); cell.style.height = n * ROW + "px"; return element("tr", { className: "pad" }, cell); };
    body.replaceChildren(pad(from), ...rows.slice(from, to).map((row) => element("tr", {}, ...columns.map(([name, show]) => {
      const shown = show(...row);
      return element("td", { textContent: shown, className: name === "prompt" ? "text" : name === "outcome" && row[1].outcome[row[2]] ? "bad" : "", title: name === "prompt" ? shown : "" });
    }))), pad(print ? 0 : rows.length - to));
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
    count.textContent = say("shown", rows.length, all.length) + (data.every > 1 ? "; " + say("thinned", data.every) : "");
    draw();
  };
  const words = () => {
    search.placeholder = lang === "zh" ? "按编号、提示词、结果、标记过滤" : "filter by id, prompt, outcome, flag";
    search.setAttribute("aria-label", search.placeholder);
    const keep = [level.value, round.value, kind.value];
    option(level, say("concurrency"), data.levels.map((one, l) => [String(l), one.name]));
    const numbers = [...new Map(data.levels.flatMap((one) => one.rounds.map((r) => [r.number, roundName(r)])))];
    option(round, say("round"), numbers.map(([n, name]) => [String(n), name]));
    option(kind, say("outcome"), data.kinds.map((name, at) => [String(at), name]));
    [level.value, round.value, kind.value] = keep;
    head.replaceChildren(...columns.map(([name], at) => {
      const cell = element("th", {
        title: definition(TERMS[name] || ""), textContent: (WORDS[name] ? say(name) : name) + (sort.at === at ? (sort.down ? " ▼" : " ▲") : "") });
      cell.addEventListener("click", () => { sort = { at, down: sort.at === at && !sort.down }; words(); });
      return cell;
    }));
    filter();
  };
  for (const input of [search, level, round, kind]) input.addEventListener("input", () => { scroller.scrollTop = 0; filter(); });
  scroller.addEventListener("scroll", () => requestAnimationFrame(draw));
  // On paper the beginning of the table stands for all of it.
  return { words, printing(now) { print = now; draw(); } };
};
