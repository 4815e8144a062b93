//! Tier 2: the program itself, over sockets against the simulated engine, judged by the engine's
//! own log.

use crate::{
    draw::{COUNTED, PRICES, SocketScenario, socket_scenario},
    judge::{
        LoggedRun, wrong_costs, wrong_counter, wrong_fresh, wrong_lost, wrong_run, wrong_streams,
    },
};
use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Runs at a time: facts do not depend on the clock.
const AT_ONCE: usize = 3;

/// What the runs of a slice of seeds came to.
#[derive(Clone, Debug, Default)]
pub struct SocketRuns {
    /// Judged.
    pub runs: u64,
    /// Seeds with wrong facts.
    pub wrong: Vec<WrongSeed>,
}

/// A seed of which something is said that is not so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrongSeed {
    /// The seed.
    pub seed: u64,
    /// What is wrong.
    pub wrong: Vec<String>,
}

/// Runs these seeds with a program; the folders of the runs are kept in `keep`, as SEED/out.
///
/// # Errors
/// When the program cannot be run, or leaves no comparison.
pub fn of_seeds(
    program: &Path,
    seeds: Range<u64>,
    keep: Option<&Path>,
) -> anyhow::Result<SocketRuns> {
    // Runs have folders of their own, from which a relative path leads nowhere.
    let found = program.canonicalize();
    let program = &found.with_context(|| format!("no program {}", program.display()))?;
    let next = AtomicU64::new(seeds.start);
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| runs_of(program, &next, seeds.end, keep)))
            .collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(runs) => runs,
            Err(_) => bail!("a run panicked"),
        });
        joined.collect::<anyhow::Result<Vec<SocketRuns>>>()
    })?;
    let mut all = SocketRuns::default();
    for part in parts {
        all.runs += part.runs;
        all.wrong.extend(part.wrong);
    }
    all.wrong.sort();
    Ok(all)
}

/// One thread's runs: it takes the next seed until there is none.
fn runs_of(
    program: &Path,
    next: &AtomicU64,
    end: u64,
    keep: Option<&Path>,
) -> anyhow::Result<SocketRuns> {
    let mut runs = SocketRuns::default();
    loop {
        let seed = next.fetch_add(1, Relaxed);
        if seed >= end {
            return Ok(runs);
        }
        let wrong = one(program, seed, keep).with_context(|| format!("seed {seed}"))?;
        runs.runs += 1;
        if !wrong.is_empty() {
            runs.wrong.push(WrongSeed { seed, wrong });
        }
    }
}

/// One run: what of its verdict is not so.
///
/// # Errors
/// As [`of_seeds`].
fn one(program: &Path, seed: u64, keep: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let scenario = socket_scenario(seed);
    let unique = format!("dualround-lab-{}-{seed}", std::process::id());
    let folder = match keep {
        Some(keep) => keep.join(seed.to_string()),
        None => std::env::temp_dir().join(unique),
    };
    fs::create_dir_all(&folder)?;
    let judged = in_folder(program, &scenario, &folder);
    if keep.is_some() {
        return judged;
    }
    let removed = fs::remove_dir_all(&folder);
    let wrong = judged?;
    removed?;
    Ok(wrong)
}

/// A run with all its files in a folder, judged.
fn in_folder(
    program: &Path,
    scenario: &SocketScenario,
    folder: &Path,
) -> anyhow::Result<Vec<String>> {
    fs::write(folder.join("engine.json"), scenario.engine.to_string())?;
    fs::write(folder.join("rows.jsonl"), scenario.rows())?;
    fs::write(folder.join(PRICES.0), PRICES.1)?;
    let engine = EngineProcess::start(program, &folder.join("engine.json"))?;
    if scenario.sent_before > 0 {
        send_before(program, folder, &engine.base, scenario)?;
    }
    let mut flags = scenario.flags();
    if !scenario.probe {
        // No page is looked for then.
        let page = format!("{}/metrics", engine.base);
        flags.extend(["--prometheus-url".to_owned(), page]);
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    run(program, folder, &engine.base, "out", &flags)?;
    let schedule = schedule_run(scenario, folder);
    let rounds = measured_rounds(scenario, schedule.len(), &engine.log()?)?;
    let comparison = fs::read_to_string(folder.join("out/comparison.json"))?;
    let comparison: Value = serde_json::from_str(&comparison)?;
    let level = &comparison["levels"][0];
    let scenario_json = serde_json::to_value(scenario)?;
    let mut wrong = wrong_run(&scenario_json, &schedule, &rounds, level);
    let mut files = Vec::new();
    for (number, round) in (1..).zip(&rounds) {
        let file = fs::read_to_string(round_file(scenario, number, folder))?;
        let file: Value = serde_json::from_str(&file)?;
        wrong.extend(wrong_streams(&scenario_json, round, &file));
        wrong.extend(wrong_costs(&scenario_json, round, &file));
        wrong.extend(wrong_counter(COUNTED, scenario.two_pages, round, &file));
        files.push(file);
    }
    wrong.extend(wrong_fresh(&LoggedRun {
        scenario: &scenario_json,
        schedule: &schedule,
        rounds: &rounds,
        files: &files,
        level,
    }));
    wrong.extend(after_loss(program, scenario, schedule.len(), folder)?);
    Ok(wrong)
}

/// The letters of the rounds that were run: of cycles until decided, as many as left a file.
fn schedule_run(scenario: &SocketScenario, folder: &Path) -> String {
    if !scenario.until {
        return scenario.rounds.to_owned();
    }
    let files = (1..).take_while(|number| round_file(scenario, *number, folder).exists());
    "CW".repeat(files.count() / 2)
}

/// What the program wrote of a round.
fn round_file(scenario: &SocketScenario, number: usize, folder: &Path) -> PathBuf {
    let name = format!("concurrency_{}_round_{number}.json", scenario.concurrency);
    folder.join("out").join(name)
}

/// Sends prompts to the engine before the run, without anything fresh in them.
fn send_before(
    program: &Path,
    folder: &Path,
    base: &str,
    scenario: &SocketScenario,
) -> anyhow::Result<()> {
    let prompts = scenario.sent_before.to_string();
    let of_api: Vec<&str> = scenario.api_flags().collect();
    let flags = [
        "--rounds",
        "C",
        "--cold",
        "none",
        "--no-probe",
        "--num-samples",
        &prompts,
        "--model",
        "sim-1",
        "--max-output-tokens",
        "3",
        "--warmup",
        "0",
        "--quiet",
    ];
    run(
        program,
        folder,
        base,
        "before",
        &[&flags[..], &of_api].concat(),
    )
}

/// The requests of each measured round, as the engine logged them.
fn measured_rounds(
    scenario: &SocketScenario,
    count: usize,
    log: &str,
) -> anyhow::Result<Vec<Vec<Value>>> {
    let log: Value = serde_json::from_str(log)?;
    let logged = log["requests"].as_array();
    let mut logged = logged.context("a log without requests")?.clone();
    // A reset is proven between rounds, by answers of fewer tokens; elsewhere all that was sent
    // beside the rounds came before them.
    if scenario.cold == "reset" {
        logged.retain(|one| one["tokens"] == 3);
    }
    let asked = count * scenario.prompts as usize;
    ensure!(
        logged.len() >= asked,
        "{} requests logged, {asked} asked",
        logged.len()
    );
    let measured = &logged[logged.len() - asked..];
    let rounds = measured.chunks(scenario.prompts as usize);
    Ok(rounds.map(<[Value]>::to_vec).collect())
}

/// Takes records of the last round from the journal, lets the program judge the run again, and
/// holds what it says against that.
fn after_loss(
    program: &Path,
    scenario: &SocketScenario,
    last: usize,
    folder: &Path,
) -> anyhow::Result<Vec<String>> {
    let journal = folder.join("out/requests.jsonl");
    let text = fs::read_to_string(&journal)?;
    let of_last = format!("\"round\":{last},");
    let (mut kept, mut lost) = (Vec::new(), 0);
    for line in text.lines() {
        let of_last = line.starts_with("{\"request\"") && line.contains(&of_last);
        if of_last && lost < scenario.lost {
            lost += 1;
        } else {
            kept.push(line);
        }
    }
    ensure!(
        lost == scenario.lost,
        "{lost} records of round {last} found"
    );
    fs::write(&journal, kept.join("\n") + "\n")?;
    let mut again = Command::new(program);
    let again = again.env_clear().current_dir(folder);
    let status = again.args(["report", "out"]).output()?.status;
    ensure!(status.success(), "report ended with {:?}", status.code());
    let file = fs::read_to_string(round_file(scenario, last, folder))?;
    let file: Value = serde_json::from_str(&file)?;
    Ok(wrong_lost(lost, scenario.prompts, &file))
}

/// Runs the program; its exit code is not asked.
fn run(program: &Path, folder: &Path, base: &str, out: &str, flags: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program)
        .env_clear()
        .current_dir(folder)
        .args([
            "run",
            "--dataset",
            "rows.jsonl",
            "--endpoint",
            base,
            "--output-dir",
            out,
        ])
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let code = status.status.code();
    ensure!(
        matches!(code, Some(0 | 4 | 5)),
        "{out} ended with {code:?}: {}",
        String::from_utf8_lossy(&status.stderr)
    );
    Ok(())
}

/// A simulated engine, as a process of its own.
struct EngineProcess {
    child: Child,
    base: String,
}

impl EngineProcess {
    fn start(program: &Path, config: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["simulate", "--port", "0", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let base = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let base = base.context("the engine names no address")?;
        let base = base.trim_end_matches("/v1/chat/completions").to_owned();
        Ok(Self { child, base })
    }

    /// The engine's own log of requests, as JSON.
    fn log(&self) -> anyhow::Result<String> {
        let host = self.base.trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or(host);
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "GET /truth HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
        let (start, end) = (body.find('{'), body.rfind('}'));
        let (start, end) = start.zip(end).context("no log")?;
        Ok(body[start..=end].to_owned())
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program beside this one.
///
/// # Errors
/// When this program's own place is not known.
pub fn beside() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.with_file_name("dualround"))
}
