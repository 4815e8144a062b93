// Failures by kind and round.
const failures = (level) => {
  const kinds = [...new Set(level.rounds.flatMap((r) => Object.keys(r.failures)))].sort();
  if (!kinds.length) return null;
  const largest = Math.max(...level.rounds.flatMap((r) => Object.values(r.failures)));
  const head = (scope, ...content) => element("th", { scope }, ...content);
  const rows = kinds.map((kind) => {
    const cells = level.rounds.map((r) => {
      const count = r.failures[kind] || 0, bar = element("i", { className: "bar" });
      bar.style.width = (90 * count) / largest + "px";
      return element("td", {}, bar, String(count));
    });
    return element("tr", {}, head("row", defined(/^http_\d+$/.test(kind) ? "http_status" : kind, kind)), ...cells);
  });
  const table = element("table", {}, element("caption", { className: "unseen", textContent: say("failures") }),
    element("thead", {}, element("tr", {}, head("col", say("kind")), ...level.rounds.map((r) => head("col", roundName(r))))), element("tbody", {}, ...rows));
  return { node: element("figure", {}, element("h3", {}, defined("failures", say("failures"))), element("div", { className: "scroll", tabIndex: 0 }, table)), remove() {} };
};
