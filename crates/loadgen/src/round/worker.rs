//! Workers: threads with a runtime each, over which the virtual users of a level are spread.
//! A connection lives on one worker for the whole level, so no byte changes threads between the
//! socket and its stamp.

use crate::{
    LoadError,
    clock::nanos,
    exchange::Client,
    limits::thread_cpu,
    request::head::RequestHead,
    round::suspension::Suspension,
    round::user::{RoundJob, user},
    transport::{Link, StampCounts},
};
use dualround_model::WorkerLoad;
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep_until};

/// Period of the timer probe.
const PROBE: Duration = Duration::from_millis(10);
/// Most lags kept; beyond that the period is doubled and every other one dropped.
const PROBE_LIMIT: usize = 4096;

/// What a worker is told.
enum Command {
    /// Serve these users from now on; their connections are closed first.
    Users(Vec<u32>),
    /// Open connections that are not open, and send `prime` on each.
    Open {
        client: Arc<Client>,
        prime: Option<Arc<RequestHead>>,
        reply: mpsc::Sender<Opened>,
    },
    /// Run a round.
    Run {
        job: Arc<RoundJob>,
        reply: mpsc::Sender<Lateness>,
    },
}

/// What opening connections came to.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Priming exchanges made.
    pub(crate) primed: u32,
}

/// How late a worker was during a round.
#[derive(Debug, Default)]
pub(crate) struct Lateness {
    pub(crate) lags_ns: Vec<u64>,
    /// The longest of them.
    pub(crate) longest: Option<Longest>,
    pub(crate) counts: StampCounts,
    pub(crate) load: Option<WorkerLoad>,
}

/// The longest lag of the probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Longest {
    pub(crate) lag_ns: u64,
    /// Of it, while the machine was suspended, which the clock does not count.
    pub(crate) suspended_ns: u64,
    /// When the probe woke from it.
    pub(crate) woken: Instant,
}

/// All workers of a run.
#[derive(Debug)]
pub(crate) struct Workers {
    senders: Vec<mpsc::Sender<Command>>,
    threads: Vec<JoinHandle<()>>,
}

struct Seat {
    user: u32,
    slot: Option<Link>,
}

impl Workers {
    /// Starts `count` workers.
    pub(crate) fn start(count: u32) -> Result<Self, LoadError> {
        let mut workers = Self {
            senders: Vec::new(),
            threads: Vec::new(),
        };
        for number in 0..count.max(1) {
            let runtime = crate::runtime::single()?;
            let (sender, commands) = mpsc::channel();
            let thread = std::thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || work(&runtime, &commands))
                .map_err(LoadError::Worker)?;
            workers.senders.push(sender);
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Spreads `users` over the workers.
    pub(crate) fn seat(&self, users: u32) {
        let step = self.senders.len();
        for (first, sender) in (0_u32..).zip(&self.senders) {
            let share = (first..users).step_by(step).collect();
            // A worker ends only with the run.
            let _ = sender.send(Command::Users(share));
        }
    }

    /// Opens and primes every user's connection.
    pub(crate) fn open(&self, client: &Arc<Client>, prime: Option<&Arc<RequestHead>>) -> Opened {
        let (reply, replies) = mpsc::channel();
        for sender in &self.senders {
            let (client, prime) = (Arc::clone(client), prime.cloned());
            let _ = sender.send(Command::Open {
                client,
                prime,
                reply: reply.clone(),
            });
        }
        drop(reply);
        Opened {
            primed: replies.iter().map(|opened| opened.primed).sum(),
        }
    }

    /// Starts a round; each worker reports when its users have no more to do.
    pub(crate) fn run(&self, job: &Arc<RoundJob>) -> mpsc::Receiver<Lateness> {
        let (reply, replies) = mpsc::channel();
        for sender in &self.senders {
            let _ = sender.send(Command::Run {
                job: Arc::clone(job),
                reply: reply.clone(),
            });
        }
        replies
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.senders.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(runtime: &tokio::runtime::Runtime, commands: &mpsc::Receiver<Command>) {
    let mut seats: Vec<Seat> = Vec::new();
    while let Ok(command) = commands.recv() {
        match command {
            Command::Users(users) => {
                let _entered = runtime.enter();
                seats = users
                    .into_iter()
                    .map(|user| Seat { user, slot: None })
                    .collect();
            }
            Command::Open {
                client,
                prime,
                reply,
            } => {
                let (opened, back) = runtime.block_on(open(seats, &client, prime));
                seats = back;
                let _ = reply.send(opened);
            }
            Command::Run { job, reply } => {
                let (late, back) = runtime.block_on(run(seats, &job));
                seats = back;
                let _ = reply.send(late);
            }
        }
    }
    let _entered = runtime.enter();
    drop(seats);
}

async fn open(
    seats: Vec<Seat>,
    client: &Arc<Client>,
    prime: Option<Arc<RequestHead>>,
) -> (Opened, Vec<Seat>) {
    let mut tasks = JoinSet::new();
    for mut seat in seats {
        let (client, prime) = (Arc::clone(client), prime.clone());
        tasks.spawn(async move {
            // What cannot be opened now is tried again by its first request, and counted there.
            let _ = client.connect(&mut seat.slot).await;
            let mut primed = false;
            if let (Some(link), Some(prime)) = (&mut seat.slot, &prime) {
                let kept;
                (primed, kept) = link.prime(prime).await;
                if !kept {
                    seat.slot = None;
                    let _ = client.connect(&mut seat.slot).await;
                }
            }
            (seat, primed)
        });
    }
    let mut opened = Opened::default();
    let mut back = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((seat, primed)) = done {
            opened.primed += u32::from(primed);
            back.push(seat);
        }
    }
    back.sort_by_key(|seat| seat.user);
    (opened, back)
}

async fn run(seats: Vec<Seat>, job: &Arc<RoundJob>) -> (Lateness, Vec<Seat>) {
    let (began, cpu_before) = (Instant::now(), thread_cpu());
    let probe = tokio::spawn(probe());
    let mut tasks = JoinSet::new();
    for mut seat in seats {
        let job = Arc::clone(job);
        tasks.spawn(async move {
            let mut counts = StampCounts::default();
            user(seat.user, &job, &mut seat.slot, &mut counts).await;
            (seat, counts)
        });
    }
    let mut late = Lateness::default();
    let mut back = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((seat, counts)) = done {
            late.counts += counts;
            back.push(seat);
        }
    }
    PROBE_LAGS.with_borrow_mut(|lags| late.lags_ns = std::mem::take(lags));
    late.longest = PROBE_LONGEST.take();
    probe.abort();
    late.load = cpu_before
        .zip(thread_cpu())
        .map(|(before, now)| WorkerLoad {
            cpu_ns: nanos(now.saturating_sub(before)),
            wall_ns: nanos(began.elapsed()),
        });
    back.sort_by_key(|seat| seat.user);
    (late, back)
}

thread_local! {
    // The probe is aborted while it sleeps, so its lags live beside it, on the worker's thread.
    static PROBE_LAGS: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
    // Of lags many are dropped in the end; the longest one is not.
    static PROBE_LONGEST: std::cell::Cell<Option<Longest>> = const { std::cell::Cell::new(None) };
}

/// Sleeps to fixed instants and notes how late it is woken. The runtime's timer itself rounds up
/// to whole milliseconds, so a lag of up to 1 ms is no lateness.
async fn probe() {
    PROBE_LAGS.with_borrow_mut(Vec::clear);
    PROBE_LONGEST.set(None);
    let mut period = PROBE;
    let mut due = Instant::now();
    let mut suspension = Suspension::watch();
    loop {
        due += period;
        sleep_until(due.into()).await;
        let woken = Instant::now();
        let suspended_ns = suspension.since();
        let lag = nanos(woken.saturating_duration_since(due)) + suspended_ns;
        if PROBE_LONGEST
            .get()
            .is_none_or(|longest| lag > longest.lag_ns)
        {
            PROBE_LONGEST.set(Some(Longest {
                lag_ns: lag,
                suspended_ns,
                woken,
            }));
        }
        PROBE_LAGS.with_borrow_mut(|lags| {
            lags.push(lag);
            if lags.len() >= PROBE_LIMIT {
                let mut keep = false;
                lags.retain(|_| {
                    keep = !keep;
                    keep
                });
                period *= 2;
            }
        });
        due = due.max(woken.checked_sub(period).unwrap_or(due));
    }
}
