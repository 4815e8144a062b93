//! Exit codes.

use super::{Term, term};

pub(super) const TERMS: &[Term] = &[
    term(
        "0",
        "Exit code 0",
        "退出码 0",
        "The run came to its end and no gate failed. Single requests may have failed: that is counted and said, and makes another code only with --max-failures, --max-failure-rate or --fail-if.",
        "运行结束，所有门禁均通过。个别请求可能失败：会计数并说明；只有设置了 --max-failures、--max-failure-rate 或 --fail-if 时才改变退出码。",
    ),
    term(
        "1",
        "Exit code 1",
        "退出码 1",
        "A fault of this program or its machine, such as a worker thread that could not start.",
        "本程序或本机的故障，例如工作线程无法启动。",
    ),
    term(
        "2",
        "Exit code 2",
        "退出码 2",
        "Something given is wrong: a flag, the --config file, the dataset, the output folder, a metric's name. The message names the file, line, key or URL. Nothing was measured, nothing was lost.",
        "给出的内容有误：参数、--config 文件、数据集、输出目录或指标名。消息会指明文件、行、键或 URL。尚未开始测量，已有文件不受影响。",
    ),
    term(
        "3",
        "Exit code 3",
        "退出码 3",
        "The endpoint cannot be used: no connection, no such model, the first request was refused, or a cache reset failed or proved to do nothing.",
        "端点不可用：无法连接、没有该模型、首个请求被拒，或缓存重置失败、经验证无效。",
    ),
    term(
        "4",
        "Exit code 4",
        "退出码 4",
        "A gate failed: --require-cold, --fail-if, --max-failures, --max-failure-rate, or a --fail-if of `compare`. The results are whole.",
        "门禁未通过：--require-cold、--fail-if、--max-failures、--max-failure-rate，或 `compare` 的 --fail-if。结果完整。",
    ),
    term(
        "5",
        "Exit code 5",
        "退出码 5",
        "There is nothing valid to report: every request failed; or the schedule has a pair to make and no request succeeded in a cold round and in its warm one, at any level; or (`report`) the journal holds no finished round.",
        "没有可报告的有效结果：所有请求都失败；或轮次安排中有冷热轮，但在任何负载级别都没有请求在冷轮与其热轮中都成功；或（`report`）运行日志中没有完成的轮次。",
    ),
    term(
        "129",
        "Exit code 129",
        "退出码 129",
        "Ended by SIGHUP (the terminal is gone). What was measured is written. Under nohup the run goes on.",
        "被 SIGHUP 结束（终端已断开）。已测得的内容已写入。在 nohup 下运行会继续。",
    ),
    term(
        "130",
        "Exit code 130",
        "退出码 130",
        "Ended by Ctrl-C (SIGINT). What was measured is written; cancelled requests are kept apart from failed ones.",
        "被 Ctrl-C（SIGINT）结束。已测得的内容已写入；取消的请求与失败的请求分开计数。",
    ),
    term(
        "143",
        "Exit code 143",
        "退出码 143",
        "Ended by SIGTERM. What was measured is written.",
        "被 SIGTERM 结束。已测得的内容已写入。",
    ),
];
