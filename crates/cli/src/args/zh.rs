//! The help in Chinese: every text that `clap` takes from the English declarations, by command and
//! flag. A test holds that none is missing.

use clap::{Arg, ArgAction, Command, builder::StyledStr};

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// Headings of groups.
const HEADINGS: [(&str, &str); 8] = [
    ("Required", "必需"),
    ("Load", "负载"),
    ("Requests", "请求"),
    ("Dataset", "数据集"),
    ("Cold rounds", "冷轮"),
    ("Limits", "限制"),
    ("Server metrics", "服务端指标"),
    ("Output", "输出"),
];

/// The commands, as a path from the program on.
const COMMANDS: [(&str, &str); 20] = [
    ("", "我的模型前面的缓存有用吗，值多少？"),
    (
        "run",
        "测量一个端点（默认命令：`dualround --dataset … --endpoint …` 相同）",
    ),
    ("demo", "用内置文档在内嵌的模拟引擎上跑一遍主流程"),
    (
        "calibrate",
        "对照模拟引擎的日志，测量本客户端在本机上的误差",
    ),
    ("simulate", "启动模拟引擎并保持运行"),
    ("generate", "生成提示词有共同开头的负载，可精确控制"),
    ("convert", "转换数据集"),
    (
        "convert longbench",
        "LongBench v1、v2 文件转为带 `text` 的 JSONL",
    ),
    (
        "convert sharegpt",
        "ShareGPT 或任何能读的文件转为带 `messages` 的 JSONL",
    ),
    (
        "convert trace",
        "轨迹（Mooncake、Bailian、BurstGPT、Azure）转为 JSONL，文本自造",
    ),
    ("check", "测量前检查数据集、指标页面或端点"),
    (
        "check dataset",
        "数据集文件里有什么，以及将发出的第一个请求",
    ),
    ("check metrics", "指标页面里有什么，以及某些指标的当前值"),
    ("check endpoint", "服务是什么，会测什么，缺少哪些服务选项"),
    ("report", "由日志重新生成一次运行的所有文件"),
    (
        "compare",
        "把已保存的运行与基准运行比较：变好、变差、相同或无法判断",
    ),
    ("list", "列出已保存的运行"),
    (
        "explain",
        "解释结果中的一个词：指标、发现、说明、失败原因、标记、`run` 的参数或退出码",
    ),
    ("man", "写出 man 手册页"),
    ("completions", "打印 shell 补全脚本"),
];

/// Flags and values of `run`, which other commands share by name.
const RUN: [(&str, &str); 85] = [
    (
        "client_cert",
        "含本客户端证书及其链的 PEM 文件；未给 --client-key 时也含私钥",
    ),
    ("client_key", "含 --client-cert 私钥的 PEM 文件"),
    (
        "proxy",
        "所有连接的代理：http://、socks5:// 或 socks5h://，需要时带 user:password@ [默认：HTTP_PROXY、HTTPS_PROXY、ALL_PROXY 及 NO_PROXY；本机地址直连]",
    ),
    ("no_proxy", "不用任何代理，无论环境变量如何"),
    (
        "duration",
        "一轮开始这么久之后不再发起请求，秒；进行中的让其完成 [默认：不限]",
    ),
    (
        "retries",
        "首个 token 之前失败的请求（连接、重置、408、429、5xx）最多重发这么多次；每次尝试都有记录 [默认：0]",
    ),
    ("wait_ready", "最多等待服务就绪这么久，秒 [默认：0]"),
    (
        "max_event_bytes",
        "流中单个事件的上限，字节 [默认：16777216]",
    ),
    (
        "max_response_bytes",
        "响应正文的上限，字节 [默认：1073741824]",
    ),
    (
        "resume",
        "在该目录的运行中，从第一个未完成的级别继续；其余参数与当时相同",
    ),
    (
        "dataset",
        "数据集文件：JSONL、JSON、CSV、TSV、文本、Parquet 或轨迹；也可 .gz、.zst",
    ),
    (
        "endpoint",
        "端点：基础 URL、…/v1 或完整的 chat completions URL",
    ),
    (
        "num_samples",
        "使用多少样本，由种子抽取：一个数，或每个级别一个 [默认：全部]",
    ),
    (
        "sampling",
        "各级别问相同的样本，或各问各的（disjoint）[默认：same]",
    ),
    (
        "concurrency",
        "同时进行的请求数；多个值即多个级别 [默认：1]",
    ),
    (
        "rounds",
        "每个级别的轮次：C 冷，W 热 [默认：CW]；CWC 可控制服务预热",
    ),
    (
        "shared_prefix",
        "轮次之后，每个百分比再加一轮，只保留每个提示词的这一部分：TTFT 随比例的变化，如 0,25,50,75,100",
    ),
    (
        "round_noise",
        "同类两轮整体上允许相差的百分比，0 到 200 [默认：25]：差异须大于它才算有效果；不少于三个冷热循环（--rounds CWCWCW）时不需要",
    ),
    ("shuffle_round2", "热轮用另一种（由种子定的）顺序发送"),
    (
        "warmup",
        "每个级别之前用其他文本预热的请求数 [默认：一批]；0：不预热",
    ),
    ("no_probe", "不发送探测与预连请求"),
    ("round_gap", "除第一轮外每轮之前的停顿，秒 [默认：0]"),
    ("workers", "发送请求的线程数 [默认：处理器数]"),
    ("seed", "一切抽取的种子 [默认：取自时钟并打印]"),
    ("model", "模型名 [默认：服务列出的那个]"),
    ("max_output_tokens", "最长输出，token；行内自带的值优先"),
    ("min_output_tokens", "最短输出，token（min_tokens）"),
    ("ignore_eos", "越过结束符继续生成（ignore_eos）"),
    ("temperature", "采样温度"),
    ("top_p", "核采样"),
    (
        "max_tokens_field",
        "最长输出的字段：max_tokens 或 max_completion_tokens [默认：max_tokens]",
    ),
    ("no_stream_options", "不发送 stream_options"),
    ("extra_body", "并入每个请求体的 JSON，或 @文件"),
    ("api_key", "Bearer 密钥 [也取自 OPENAI_API_KEY]"),
    ("header", "附加请求头，'名: 值'；可重复"),
    (
        "token_source",
        "输出 token 数的来源：auto、usage 或 events [默认：auto]",
    ),
    ("lenient", "保留含无法读取事件的请求，而不判失败"),
    ("text_key", "用每行的这个键作提示词"),
    ("skip_bad_rows", "跳过无法读取的行并计数"),
    ("oversample", "样本不够时重复行"),
    ("format", "无法识别时指明文件的格式 [默认：auto]"),
    (
        "tokenizer",
        "长度用的分词器：tokenizer.json、模型目录或 hub id；engine（用引擎的 /tokenize 截断）或 none（按字符）[默认：引擎有则 engine，否则 none]",
    ),
    (
        "max_input_length",
        "最长提示词，token（--tokenizer），否则字符；更长的截断",
    ),
    ("keep", "截断时保留哪一端：end 或 start [默认：end]"),
    ("min_length", "略去更短的提示词（token 或字符）"),
    ("max_length", "略去更长的提示词"),
    ("weight_key", "按这个键的数值成比例抽取行"),
    (
        "trace_block_size",
        "轨迹一个块的 token 数 [默认：该轨迹已知的值]",
    ),
    ("cold", "冷轮的做法：auto、salt、reset 或 none [默认：auto]"),
    (
        "reset_cache_url",
        "每个冷轮前的重置调用：URL（POST）或 '方法 URL'；可重复；即 reset",
    ),
    (
        "check_output",
        "保留回答，并说明冷热有多少一致（配合 --temperature 0）",
    ),
    (
        "fail_if",
        "某个级别的对比满足条件时退出码为 4，如 'ttft.ratio < 3'（见 comparison.json）；可重复",
    ),
    (
        "engine",
        "无法识别时指明引擎：vllm、sglang、llama_cpp、lmcache、tensorrt_llm、dynamo、tgi、hosted",
    ),
    (
        "admin_url",
        "端点背后的引擎或缓存服务的基础 URL（每个副本一个）：读取其计数器，调用其重置；可重复",
    ),
    ("require_cold", "除非每个冷轮都核实为冷，否则退出码为 4"),
    ("timeout", "单个请求的时限，秒；0：不限 [默认：300]"),
    ("connect_timeout", "建立连接的时限，秒；0：不限 [默认：10]"),
    (
        "first_token_timeout",
        "到首个 token 的时限，秒 [默认：不限]",
    ),
    ("idle_timeout", "两次读取之间的时限，秒 [默认：不限]"),
    (
        "max_failures",
        "一轮中失败达到这么多后结束该级别；退出码为 4",
    ),
    (
        "max_failure_rate",
        "一轮中失败比例更大时退出码为 4（0 到 1）",
    ),
    (
        "prometheus_url",
        "要采样的指标页面，或可查询的 Prometheus 服务；可重复",
    ),
    (
        "prometheus_metrics",
        "要报告的指标：名字、名字{标签=\"x\"}、[标签=]A/B、auto，对 Prometheus 服务可用 PromQL（$round：一轮的范围，$since：到其开始的偏移）",
    ),
    (
        "prometheus_header",
        "只用于这些 URL 的请求头，'名: 值'；可重复",
    ),
    (
        "metrics_listen",
        "运行期间在此提供本次运行自身的指标，如 127.0.0.1:9300",
    ),
    (
        "remote_write",
        "把本次运行自身的指标推送到 remote write 接收端，如 http://prometheus:9090/api/v1/write",
    ),
    ("prometheus_interval", "采样间隔，秒 [默认：1]"),
    (
        "prometheus_per_request",
        "并发为 1 时在请求之间也采样 [默认：true]",
    ),
    ("output_dir", "结果目录 [默认：results]"),
    ("overwrite", "替换该目录中先前的运行"),
    ("slo_file", "有效吞吐用的 SLO 文件（YAML）"),
    (
        "store_text",
        "文件中保留的文本：full、preview 或 none [默认：preview]",
    ),
    (
        "tables",
        "终端显示的内容：first（每个并发级别的首个冷轮与热轮完整显示，其后每轮一行）或 all（每一轮及其注意事项，以及完整的对比）[默认：first]",
    ),
    ("csv_bom", "CSV 文件以字节序标记开头，供 Excel 使用"),
    (
        "chunk_times",
        "把每个 token 事件的到达时刻写入 requests.parquet",
    ),
    ("lang", "表格的语言：zh、en 或 auto [默认：auto]"),
    (
        "progress",
        "stderr 上的进度：auto（终端上几行）、plain（日志文本）、json（每秒一行）或 none [默认：auto]",
    ),
    ("quiet", "只打印每个级别的结论和错误"),
    ("config", "含设置的 YAML 文件；命令行与环境变量优先"),
    (
        "print_config",
        "打印每个设置及其来源（可作 --config 文件）后停止；=plan 以 JSON 打印解析后的计划",
    ),
    ("ca_cert", "只信任该 PEM 文件中的证书"),
    ("http2", "用 HTTP/2 测量：TLS 下用 ALPN，否则直接使用"),
    ("insecure", "不验证服务器证书（运行会在结果中记录）"),
    ("help", "打印帮助（-h 简短，--help 完整）"),
    ("version", "打印版本"),
];

/// What differs from `run` under the same name, or is not there: command, flag, text.
const OTHERS: [(&str, &str, &str); 62] = [
    ("demo", "concurrency", "同时进行的请求数，每个值一个级别"),
    ("demo", "num_samples", "问多少份文档（内置 12 份）"),
    ("demo", "max_output_tokens", "最长输出，token"),
    ("demo", "output_dir", "文件放在哪里 [默认：results/demo]"),
    (
        "calibrate",
        "concurrency",
        "同时进行的请求数，每个值一个级别",
    ),
    ("calibrate", "workers", "测量用的线程数 [默认：同 `run`]"),
    ("calibrate", "waves", "每个连接上先后的请求数"),
    ("calibrate", "ttft_ms", "引擎的 TTFT，毫秒"),
    ("calibrate", "itl_ms", "引擎的 ITL，毫秒"),
    ("calibrate", "output_tokens", "一个回答的输出 token 数"),
    ("calibrate", "json", "打印 JSON 而不是表格"),
    ("simulate", "config", "含引擎设置的 YAML 或 JSON 文件"),
    ("simulate", "host", "监听地址 [默认：127.0.0.1]"),
    ("simulate", "port", "端口 [默认：8000]"),
    ("simulate", "model", "提供的模型名 [默认：sim-1]"),
    ("simulate", "block_size", "一个缓存块的 token 数"),
    ("simulate", "cache_blocks", "前缀缓存的容量，块；0：无缓存"),
    ("simulate", "max_batch", "同时运行的请求数"),
    ("simulate", "prefill_base_ms", "预填充的固定部分，毫秒"),
    (
        "simulate",
        "prefill_ms_per_token",
        "每个未缓存的提示词 token 的预填充时间，毫秒",
    ),
    ("simulate", "itl_ms", "每个输出 token 的时间，毫秒"),
    ("generate", "output", "要写的文件"),
    ("generate", "groups", "共享开头的提示词组数"),
    ("generate", "prompts", "提示词总数 [默认：每组 10 个]"),
    (
        "generate",
        "shared",
        "共同开头的长度：N、uniform:A:B、normal:均值:标准差 或 lognormal:均值:标准差",
    ),
    ("generate", "unique", "各自部分的长度，写法同上"),
    (
        "generate",
        "output_length",
        "每行的输出长度，写法同上 [默认：无]",
    ),
    (
        "generate",
        "zipf",
        "各组的热度：第 k 组被问的频率为 1/k^S；0：轮流相同",
    ),
    (
        "generate",
        "turns",
        "每段对话的轮数；每一轮都重发之前的内容",
    ),
    (
        "generate",
        "hit_ratio",
        "划分 --shared 与 --unique，使冷轮可命中这一比例（0 到 1）",
    ),
    ("generate", "text", "词的语言：en 或 zh"),
    (
        "generate",
        "tokenizer",
        "长度单位：词（约各一个 token），或该分词器的 token",
    ),
    ("generate", "seed", "种子：在任何平台上字节都相同"),
    (
        "convert longbench",
        "dataset",
        "只保留这些数据集（narrativeqa、qasper 等）",
    ),
    ("convert longbench", "input_file", "一个 LongBench 文件"),
    (
        "convert longbench",
        "input_dir",
        "LongBench 文件的目录，连同子目录",
    ),
    (
        "convert longbench",
        "num_samples",
        "保留多少行 [默认：全部]",
    ),
    ("convert longbench", "format", "提示词由哪些部分组成"),
    ("convert longbench", "output", "要写的文件"),
    ("convert longbench", "no_shuffle", "保持文件的顺序"),
    ("convert longbench", "seed", "打乱顺序的种子"),
    ("convert sharegpt", "input_file", "输入文件"),
    ("convert sharegpt", "output", "要写的文件"),
    (
        "convert sharegpt",
        "num_samples",
        "保留多少行，由种子抽取 [默认：全部]",
    ),
    ("convert trace", "input_file", "输入文件"),
    ("convert trace", "output", "要写的文件"),
    (
        "convert trace",
        "num_samples",
        "保留多少行，由种子抽取 [默认：全部]",
    ),
    (
        "check dataset",
        "file",
        "数据集文件 [默认：--dataset 的文件]",
    ),
    (
        "check metrics",
        "url",
        "指标页面，或 Prometheus 服务 [默认：第一个 --prometheus-url]",
    ),
    (
        "check metrics",
        "names",
        "要查的指标 [默认：--prometheus-metrics 的，否则全部列出]",
    ),
    (
        "check endpoint",
        "url",
        "基础 URL 或完整路径 [默认：--endpoint 的地址]",
    ),
    ("check endpoint", "no_canary", "只看，不发送请求"),
    (
        "report",
        "tables",
        "终端显示的内容：first 或 all [默认：与该次运行相同]",
    ),
    ("report", "dir", "一次运行的目录"),
    (
        "compare",
        "dirs",
        "基准运行的目录，然后是要与之比较的各次运行",
    ),
    (
        "compare",
        "margin",
        "± 此比例之内的变化视为没有 [默认：0.05]",
    ),
    (
        "compare",
        "allow",
        "以下不同时仍然比较：model、dataset、engine 或 settings；可重复",
    ),
    (
        "compare",
        "fail_if",
        "某个级别满足条件时退出码为 4，如 'worse > 0' 或 'warm.ttft.change > 0.1'（名字同 --json）；可重复",
    ),
    ("compare", "junit", "把 JUnit XML 写入该文件；- 为标准输出"),
    ("list", "dirs", "要搜索的目录，连同其下 [默认：results]"),
    ("explain", "word", "表格或文件中的词 [默认：全部列出]"),
    ("man", "dir", "要写入的目录"),
];

/// Further words of single commands.
const MORE: [(&str, &str, &str); 5] = [
    (
        "simulate",
        "fault",
        "故障，写作 何时:什么，如 5%:status=503 或 request=3:stall=0,2000；可重复，取第一个适用的。写错一个词会列出全部",
    ),
    ("compare", "json", "把 JSON 写入该文件；- 为标准输出"),
    (
        "compare",
        "markdown",
        "把 Markdown 写入该文件；- 为标准输出",
    ),
    ("list", "json", "打印 JSON 而不是表格"),
    ("completions", "shell", "哪种 shell"),
];

/// The command line with its help in Chinese.
pub(super) fn translated(command: Command) -> Command {
    walk(command, "").subcommand_help_heading("命令")
}

fn walk(command: Command, path: &str) -> Command {
    let mut command = command
        .help_template(TEMPLATE)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true);
    if let Some(about) = find(&COMMANDS, path) {
        command = command.about(about).long_about(about);
    }
    if let Some(examples) = command.get_after_help().map(StyledStr::to_string) {
        command = command.after_help(after(&examples));
    }
    let ids: Vec<String> = command
        .get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect();
    for id in ids {
        command = command.mut_arg(&id, |arg| argument(arg, path));
    }
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .help_heading("选项");
    command = command.arg(argument(help.action(ArgAction::Help), path));
    if path.is_empty() {
        let version = Arg::new("version")
            .short('V')
            .long("version")
            .help_heading("选项");
        command = command.arg(argument(version.action(ArgAction::Version), path));
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let below = format!("{path} {name}");
        command = command.mut_subcommand(&name, |sub| {
            walk(sub, below.trim()).subcommand_help_heading("命令")
        });
    }
    command
}

fn argument(arg: Arg, path: &str) -> Arg {
    let id = arg.get_id().to_string();
    let own = OTHERS
        .iter()
        .chain(&MORE)
        .find(|(of, name, _)| *of == path && *name == id);
    let text = own.map(|(.., text)| *text).or_else(|| find(&RUN, &id));
    let heading = match arg.get_help_heading() {
        Some("Network") => "网络",
        Some(heading) => find(&HEADINGS, heading).unwrap_or("选项"),
        None if arg.is_positional() => "参数",
        None => "选项",
    };
    let arg = arg.help_heading(heading);
    match text {
        Some(text) => arg.help(text).long_help(text),
        None => arg,
    }
}

/// Examples are the same in every language; what is said of them is not.
fn after(english: &str) -> String {
    let lines = english.lines().filter_map(|line| match line {
        "Example:" | "Examples:" => Some("示例：".to_owned()),
        _ if line.starts_with(' ') => Some(line.to_owned()),
        _ if line.starts_with("-h shows the command's own") => {
            Some("-h 只列本命令自己的选项，--help 也列出一次运行的选项。".to_owned())
        }
        _ if line.starts_with("-h shows") => Some(
            "-h 只列常用选项，--help 列出全部。每个选项都可用环境变量 DUALROUND_NAME 或 --config 文件中的键设置（--print-config 可写出一份）。"
                .to_owned(),
        ),
        _ if line.starts_with("Each command") => {
            Some("每个命令都有自己的 -h（简短）与 --help（完整）。".to_owned())
        }
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let found = table.iter().find(|(id, _)| *id == name);
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chinese(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    fn missing(command: &Command, path: &str, out: &mut Vec<String>) {
        if !command
            .get_about()
            .is_some_and(|about| chinese(&about.to_string()))
        {
            out.push(path.to_owned());
        }
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            if !chinese(&help) {
                out.push(format!("{path} {}", arg.get_id()));
            }
        }
        for sub in command.get_subcommands() {
            missing(sub, &format!("{path} {}", sub.get_name()), out);
        }
    }

    #[test]
    fn every_command_and_flag_speaks_chinese() {
        let mut command = translated(crate::args::command());
        command.build();
        let mut out = Vec::new();
        missing(&command, "", &mut out);
        assert!(out.is_empty(), "{out:#?}");
        command.debug_assert();
    }

    #[test]
    fn no_translation_is_left_over() {
        let mut command = crate::args::command();
        command.build();
        let mut paths = vec![String::new()];
        for sub in command.get_subcommands() {
            paths.push(sub.get_name().to_owned());
            for below in sub.get_subcommands() {
                paths.push(format!("{} {}", sub.get_name(), below.get_name()));
            }
        }
        for (path, _) in COMMANDS {
            assert!(paths.iter().any(|known| known == path), "{path}");
        }
        let run = command.find_subcommand("run").unwrap();
        for (id, _) in RUN.iter().filter(|(id, _)| *id != "version") {
            assert!(run.get_arguments().any(|arg| arg.get_id() == id), "{id}");
        }
    }
}
