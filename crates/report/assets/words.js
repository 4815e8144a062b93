// Words of the charts, English then Chinese.
const WORDS = {
  ecdf: ["TTFT: share of requests at or below", "TTFT 累积分布"],
  ecdfNote: ["Left is faster. Further apart: the cache is worth more.", "越靠左越快；两线相距越远，缓存价值越大。"],
  pairs: ["Each request cold against warm (TTFT)", "每个请求的冷热对比（TTFT）"],
  pairsNote: ["Below the diagonal the warm request was faster.", "对角线以下表示热轮更快。"],
  tokens: ["TTFT against prompt tokens that had to be computed", "TTFT 与需计算的提示词 token"],
  tokensLine: ["Line by Theil and Sen: TTFT = {0} ms + {1} ms per token.", "Theil–Sen 直线：TTFT = {0} ms + 每 token {1} ms。"],
  tokensNone: ["No line: {0}", "没有直线：{0}"],
  noTokens: ["The server reported no cached tokens, so what was computed is not known.", "服务端未报告缓存 token，无法得知计算了多少。"],
  timeline: ["Requests over time", "请求时间线"],
  timelineNote: ["One line a request in order of sending. Drag to zoom, double-click to go back.", "每行一个请求，按发送顺序。拖动放大，双击还原。"],
  queue: ["waiting for a user", "等待空闲用户"], prefill: ["prefill (to first token)", "预填充（到首 token）"],
  decode: ["decode", "解码"], failed: ["failed or cancelled", "失败或取消"],
  failures: ["Failures by kind", "按原因的失败"], noFailures: ["No request failed.", "没有请求失败。"],
  metric: ["Server metric {0}", "服务端指标 {0}"],
  metricNote: ["Both rounds from their first request on; counters as increase since the first reading.", "两轮都从首个请求起对齐；计数器为自首次读数起的增量。"],
  sinceStart: ["seconds since the round's first request", "自本轮首个请求起的秒数"],
  cold: ["cold", "冷"], warm: ["warm", "热"], share: ["share", "比例"], log: ["log scale", "对数刻度"],
  computed: ["computed prompt tokens", "需计算的提示词 token"], concurrency: ["concurrency", "并发"],
  hit: ["Cache hit rate", "缓存命中率"], throughput: ["Token throughput (per s)", "Token 吞吐量（每秒）"],
  goodput: ["Goodput (share of requests)", "有效吞吐（请求比例）"], ttftSweep: ["TTFT (ms), median and P99", "TTFT（ms），中位数与 P99"],
  itlSweep: ["ITL (ms), median", "ITL（ms），中位数"], dashed: ["dashed: P99", "虚线：P99"],
  round: ["round", "轮"], request: ["request", "请求"], input: ["input tokens", "输入 tokens"], cached: ["cached", "缓存"],
  output: ["output tokens", "输出 tokens"], start: ["start (ms)", "开始 (ms)"], outcome: ["outcome", "结果"], flags: ["flags", "标记"],
  prompt: ["prompt", "提示词"], latency: ["Latency (ms)", "延迟 (ms)"], shown: ["{0} of {1} requests", "{1} 个请求中的 {0} 个"],
  thinned: ["every {0}th request is in this page; all are in requests.parquet", "本页每 {0} 个请求取一个，全部见 requests.parquet"],
  thinnedMetric: ["some readings between are left out; all are in the telemetry files", "略去部分中间读数，全部见 telemetry 文件"],
  all: ["all", "全部"], ratio: ["cold/warm", "冷/热"],
};
let lang = "en";
const say = (key, ...values) => {
  const words = WORDS[key];
  return words[lang === "zh" ? 1 : 0].replace(/\{(\d)\}/g, (_, at) => values[at]);
};
const number = (value, digits = 4) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? Math.max(digits, Math.ceil(Math.log10(size))) : digits)));
};
const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};
// What stands in the page's definitions, in the language that is shown.
const definition = (id) => {
  const entry = document.getElementById("def-" + id);
  const words = (node) => [...node.querySelectorAll(`:scope > span[lang="${lang}"]`)].map((span) => span.textContent).join(" ");
  return entry ? `${words(entry)}: ${words(entry.nextElementSibling)}` : "";
};
const defined = (id, text) => (id ? element("a", { className: "def", href: "#def-" + id, textContent: text }) : text);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
