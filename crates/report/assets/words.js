// Words of the charts, English then Chinese.
const WORDS = {
  spread: ["TTFT by round", "各轮的 TTFT"],
  spreadNote: ["One dot a request; the bar is the median. Fewer than {0} requests a round make no curve.", "每点一个请求，竖线为中位数。每轮不足 {0} 个请求，不画分布曲线。"],
  ecdf: ["TTFT: share of requests at or below", "TTFT 累积分布"],
  ecdfNote: ["Left is faster. Further apart: the cache is worth more.", "越靠左越快；两线相距越远，缓存价值越大。"],
  pairs: ["Each request cold against warm (TTFT)", "每个请求的冷热对比（TTFT）"],
  pairsNote: ["{0} of {1} pairs are below the diagonal: warm was faster.", "{1} 个请求对中 {0} 个在对角线以下，即热轮更快。"],
  equal: ["equal", "相等"], faster: ["{0}× faster", "加速比 {0}×"],
  tokens: ["TTFT against prompt tokens that had to be computed", "TTFT 与需计算的提示词 token"],
  tokensLine: ["Line by Theil and Sen: TTFT = {0} ms + {1} ms per token.", "Theil–Sen 直线：TTFT = {0} ms + 每 token {1} ms。"],
  tokensNone: ["No line: {0}.", "没有直线：{0}。"],
  noTokens: ["the server reported no cached tokens, so what was computed is not known", "服务端未报告缓存命中 tokens，无法得知计算了多少"],
  fewRequests: ["fewer than {0} requests", "不足 {0} 个请求"],
  noPairs: ["fewer than {0} requests succeeded both cold and warm", "冷轮与热轮均成功的请求不足 {0} 个"],
  fewReadings: ["fewer than {0} readings a round", "每轮不足 {0} 次读数"],
  noCourse: ["of a histogram the page has no course over time", "直方图没有随时间的变化"],
  leftOut: ["Left out: {0}", "未画出：{0}"],
  timeline: ["Requests over time: {0}", "请求时间线：{0}"],
  timelineNote: ["One line a request, in order of sending.", "每行一个请求，按发送顺序。"],
  course: ["TTFT over time: {0}", "TTFT 随时间的变化：{0}"], overTime: ["Requests over time", "请求时间线"],
  courseFailed: ["Marks at the top: failed or cancelled.", "顶部的标记为失败或取消的请求。"],
  zoomNote: ["Drag or + to zoom, double-click or 0 to go back.", "拖动或按 + 放大，双击或按 0 还原。"],
  dense: ["Darker: more requests.", "颜色越深，请求越多。"],
  prefill: ["to first token", "到首 token"], decode: ["after it", "首 token 之后"], failed: ["failed or cancelled", "失败或取消"],
  failures: ["Failures by kind", "按原因的失败"], kind: ["kind", "原因"],
  metric: ["Server metric {0}", "Prometheus 指标 {0}"],
  increaseNote: ["Increase since the round's first reading.", "自本轮首次读数起的增量。"],
  quotientNote: ["Quotient of both increases since the round's first reading.", "自本轮首次读数起，两个增量之商。"],
  increase: ["increase", "增量"], quotient: ["quotient", "商"], value: ["value", "值"],
  sinceStart: ["seconds since the round began", "自本轮开始起的秒数"],
  cold: ["cold", "冷"], warm: ["warm", "热"], share: ["share of requests (%)", "请求占比（%）"], logScale: ["log scale", "对数刻度"],
  computed: ["computed prompt tokens", "需计算的提示词 token"], concurrency: ["concurrency", "并发"],
  rate: ["request rate", "请求速率"], replay: ["replay", "回放"],
  overloaded: ["a side could not hold its rate", "有一方承受不了该到达速率"],
  overloadedLevels: ["{0}: a side could not hold its rate; its times grow with the length of the round.", "{0}：有一方承受不了该到达速率，其耗时随轮次长度不断增长。"],
  backlogOverTime: ["Backlog over time", "积压随时间的变化"], backlogNote: ["Requests that were due and had not ended. Where it grows to the end, the rate is not held.", "已到计划时刻而尚未结束的请求数。一直增长到末尾，即承受不了该到达速率。"],
  backlogPeak: ["{0}: at most {1}", "{0}：最多 {1}"], requestsUnit: ["requests", "请求数"],
  arrivalsOverTime: ["Arrivals over time", "到达随时间的变化"], arrivalsNote: ["Requests that became due, a second; the same instants in every round.", "每秒到期的请求数；各轮的时刻相同。"],
  arrivalsPeak: ["{0}: at most {1} a second", "{0}：每秒最多 {1}"],
  turn: ["turn {0}", "对话第 {0} 轮"], turnAxis: ["turn of the session", "会话中的对话轮次"], turnRequests: ["{0} requests", "{0} 个请求"],
  hitsByTurn: ["Hits by turn (% of prompt tokens)", "各对话轮次的命中（提示词 token，%）"], reachable: ["reachable", "可命中"],
  hitsByTurnNote: ["Dashed: what a prefix cache that forgets nothing could give.", "虚线：不淘汰任何内容的前缀缓存可给出的命中。"],
  ttftByTurn: ["TTFT by turn (ms), mean", "各对话轮次的 TTFT（ms），平均值"], ttftByTurnNote: ["Mean over the sessions that have the turn.", "对有该轮对话的会话取平均。"],
  hit: ["Cache hit rate (% of prompt tokens)", "缓存命中率（提示词 token，%）"], throughput: ["Token throughput (tokens/s)", "Token 吞吐量（tokens/s）"],
  goodput: ["Goodput (% of requests within the SLO)", "有效吞吐量（满足 SLO 的请求，%）"],
  goodputRate: ["Goodput (requests/s)", "有效吞吐量（requests/s）"],
  ttftSweep: ["TTFT (ms), median", "TTFT（ms），中位数"], tailSweep: ["TTFT (ms), median and P99", "TTFT（ms），中位数与 P99"],
  itlSweep: ["ITL (ms), median", "ITL（ms），中位数"], median: ["median", "中位数"],
  dashed: ["Dashed: P99.", "虚线：P99。"], fewForTail: ["No P99: it needs {0} requests in each round.", "不画 P99：每轮至少需要 {0} 个请求。"],
  firstRounds: ["First cold and first warm round.", "首个冷轮与首个热轮。"],
  noChoice: ["{0} {1}", "{0} {1}"],
  round: ["round", "轮次"], request: ["request", "请求"], input: ["input tokens", "输入 tokens"], cached: ["cached tokens", "缓存命中 tokens"],
  output: ["output tokens", "输出 tokens"], start: ["start (ms)", "开始 (ms)"], outcome: ["outcome", "结果"], flags: ["flags", "标记"],
  prompt: ["prompt", "提示词"], latency: ["Latency (ms)", "Latency (ms)"], shown: ["{0} of {1} requests", "{1} 个请求中的 {0} 个"],
  filter: ["filter by id, prompt, outcome, flag", "按编号、提示词、结果、标记过滤"],
  onPaper: ["the first {0} are printed", "仅打印前 {0} 个"],
  thinned: ["one request in {0} is in this page; all are in requests.parquet", "本页每 {0} 个请求取一个，全部见 requests.parquet"],
  thinnedMetric: ["Some readings between are left out; all are in the telemetry files.", "略去部分中间读数，全部见 telemetry 文件。"],
  requests: ["Requests", "请求"], all: ["all", "全部"], ratio: ["cold/warm", "加速比"],
  summary: ["{0}: n {1}, minimum {2}, median {3}, maximum {4}", "{0}：n {1}，最小值 {2}，中位数 {3}，最大值 {4}"],
  nothing: ["{0}: none", "{0}：无"],
  lasted: ["{0}: {2} s; {1} requests are shown, {3} of them failed or cancelled", "{0}：历时 {2} s；画出 {1} 个请求，其中 {3} 个失败或取消"],
  stepThrough: ["Arrow keys step through the points.", "方向键逐点查看。"],
};
let lang = "en";
const inLang = ([en, zh]) => (lang === "zh" ? zh : en);
const say = (key, ...values) => inLang(WORDS[key]).replace(/\{(\d)\}/g, (_, at) => values[at]);
const MARKS = { colon: [": ", "："], comma: [", ", "，"], semicolon: ["; ", "；"], stop: [".", "。"] };
const mark = (name) => inLang(MARKS[name]);
const sentences = (...parts) => parts.filter(Boolean).join(lang === "zh" ? "" : " ");
const roundName = (r) => (lang === "zh" ? `第 ${r.number} 轮 (${r.name[1]})` : `round ${r.number} (${r.name[0]})`);
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
const peak = (values) => values.reduce((a, b) => Math.max(a, b), 0);
const present = (value) => value !== null && value !== undefined;
