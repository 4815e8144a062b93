//! The load of a level, and the arrivals of an open loop.

use super::{Term, term};

pub(super) const TERMS: &[Term] = &[
    term(
        "rate",
        "request rate",
        "请求速率",
        "Requests a second that arrive at instants of their own, whatever is still running (an open loop, --request-rate): the load of users who do not wait for each other. The instants are drawn by the seed and the same in all rounds of a level; they are scaled so that N requests take (N − 1) / rate seconds, whatever the seed.",
        "每秒按各自时刻到达的请求数，不管是否还有请求在运行（开环，--request-rate）：互不等待的用户就是这样的负载。各时刻由种子决定，同一级别的各轮相同；并按比例调整，使 N 个请求历时 (N − 1) / 速率 秒，与种子无关。",
    ),
    term(
        "arrival",
        "arrivals",
        "到达过程",
        "How the times between arrivals are distributed: poisson (exponential, as of many users who know nothing of each other), constant (all equal), gamma (of --burstiness as its shape: 1 is poisson, below 1 bursts, above 1 more even; the coefficient of variation is 1 / √shape).",
        "到达间隔的分布：poisson（指数分布，相当于大量互不相关的用户）、constant（全部相等）、gamma（形状参数为 --burstiness：1 即 poisson，小于 1 更突发，大于 1 更均匀；变异系数为 1 / √形状参数）。",
    ),
    term(
        "replay",
        "replay",
        "回放",
        "An open loop whose instants are the times of the data set's own rows (--replay), in the order of the file, ties as in the file; --replay-speed divides the gaps, --gap-cap cuts long ones.",
        "以数据集各行自带的时间为到达时刻的开环负载（--replay），顺序与同时到达均同文件；--replay-speed 缩短间隔，--gap-cap 截短过长的间隔。",
    ),
    term(
        "due",
        "due instant",
        "计划时刻",
        "When a request of an open loop is to be sent. What it waits beyond that, for a place in flight (--max-concurrency), for a connection, or for this client, is part of what a user waits: TTFT from due and latency from due hold it, TTFT and latency from t0 do not.",
        "开环负载中一个请求应当发出的时刻。此后它等待在途名额（--max-concurrency）、等待连接、等待客户端的时间，都是用户等待的一部分：自计划时刻起算的 TTFT 与延迟包含它，自 t0 起算的不包含。",
    ),
    term(
        "scheduled_ms",
        "scheduled",
        "计划发送时间",
        "The due instant of a request since the start of the round, ms.",
        "请求的计划时刻，自本轮开始起，毫秒。",
    ),
    term(
        "ttft_from_due",
        "TTFT from due",
        "TTFT（自计划时刻）",
        "First token-bearing event − due instant, ms, in an open loop: what a user waits, whatever held the request up. A server that stalls shows in it for every request that was due meanwhile (no coordinated omission).",
        "开环负载中，第一个携带 token 的事件 − 计划时刻，毫秒：用户实际等待的时间，无论请求被什么耽搁。服务端停顿时，其间到期的每个请求都会体现（不存在 coordinated omission，即协同遗漏）。",
    ),
    term(
        "latency_from_due",
        "Latency from due",
        "总延迟（自计划时刻）",
        "End of the response − due instant, ms, in an open loop.",
        "开环负载中，响应结束 − 计划时刻，毫秒。",
    ),
    term(
        "client_lag",
        "client lag",
        "客户端滞后",
        "t0 − the instant at which the request could have been sent, ms: it was due, a place in flight was free, its connection was open. This client's own error at a rate; `dualround calibrate --request-rate` measures it on your machine.",
        "t0 − 请求本可以发出的时刻，毫秒：已到计划时刻、有在途名额、连接已打开。即客户端自身在该速率下的误差；`dualround calibrate --request-rate` 可在你的机器上测量。",
    ),
    term(
        "scheduled_rate",
        "scheduled rate",
        "计划速率",
        "Requests a second that were to arrive in the round: (planned − 1) over the instant of the last one.",
        "本轮计划的每秒到达数：（计划请求数 − 1）/ 最后一个的计划时刻。",
    ),
    term(
        "begun_rate",
        "begun rate",
        "实际发出速率",
        "Requests a second that were begun: (begun − 1) over last t0 − first t0.",
        "每秒实际发出的请求数：（发出数 − 1）/（最后一个 t0 − 第一个 t0）。",
    ),
    term(
        "schedule_error",
        "schedule error",
        "计划误差",
        "By which share last t0 − first t0 was longer than the schedule: the load was that much less than asked for.",
        "最后一个 t0 − 第一个 t0 比计划长出的比例：实际负载比要求的低这么多。",
    ),
    term(
        "connections_opened",
        "connections opened",
        "轮内新建连接",
        "Connections that an open loop opened in the round, because none was free or the server had closed them. A pool of 2 × rate × the warm-up's P99 latency is opened before it.",
        "开环负载在轮内新建的连接数：没有空闲连接，或连接已被服务端关闭。轮前会预先打开 2 × 速率 × 预热 P99 延迟 条连接。",
    ),
    term(
        "backlog",
        "backlog",
        "积压",
        "Requests that were due and had not ended, when the middle one (backlog_middle) and the last one (backlog_end) of a round was due.",
        "已到计划时刻而尚未结束的请求数，分别取本轮中间一个请求（backlog_middle）与最后一个请求（backlog_end）的计划时刻。",
    ),
    term(
        "overloaded",
        "overloaded",
        "过载",
        "The server could not hold the rate: from the middle to the end of the round the backlog grew by more than 5 % of what arrived meanwhile, the prompts that the engine works on at once (8 where it does not tell) at least, in the last quarter it was always larger than in nine tenths of the first half, and fewer requests ended there than arrive in as much time on average (at a rate). Unknown below 400 arrivals a half. The times of an overloaded side grow with the length of the round, so nothing is divided by them.",
        "服务端承受不了该到达速率：从本轮中点到末尾，积压的增长超过其间到达数的 5%，且至少超过引擎同时处理的提示词数（未知则为 8），最后四分之一里始终高于前半段的九成，并且其间结束的请求少于同样时长平均到达的请求（按速率到达时）。每半段到达不足 400 时未知。过载一方的耗时会随轮次长度增长，因此不计算比值。",
    ),
];
