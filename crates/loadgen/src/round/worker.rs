//! A worker: a thread with a runtime, which serves its share of the users of a level.
//! A connection lives on one worker for the whole level, so no byte changes threads between the
//! socket and its stamp.

use crate::{
    LoadError,
    clock::{instant_now, nanos},
    exchange::Client,
    limits::thread_cpu,
    request::head::RequestHead,
    round::{
        job::RoundJob,
        lag_probe::{self, Lags},
        open_loop,
        pacing::Pacing,
        play,
        user::User,
    },
    transport::StampCounts,
};
use dualround_model::WorkerLoad;
use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::{runtime::Runtime, task::JoinSet};

/// What a worker is told.
pub(super) enum WorkerCommand {
    /// Serve the users of these numbers from now on; the connections of others are closed first.
    Seat(Vec<u32>),
    /// Serve the users of these numbers too.
    SeatMore(Vec<u32>),
    /// Open connections that are not open, and send `prime` on each.
    Open {
        client: Arc<Client>,
        prime: Option<Arc<RequestHead>>,
        reply: mpsc::Sender<Opened>,
    },
    /// Serve a round.
    Serve {
        job: Arc<RoundJob>,
        reply: mpsc::Sender<WorkerReport>,
    },
}

/// What opening connections came to.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Priming exchanges made.
    pub(crate) primed: u32,
}

/// How a worker did in a round.
#[derive(Debug, Default)]
pub(super) struct WorkerReport {
    pub(super) lags: Lags,
    pub(super) counts: StampCounts,
    /// `None` where the system does not tell a thread's CPU time.
    pub(super) load: Option<WorkerLoad>,
}

/// Starts a worker, which ends when its commands do.
pub(super) fn start(
    number: u32,
) -> Result<(mpsc::Sender<WorkerCommand>, JoinHandle<()>), LoadError> {
    let runtime = crate::runtime::single()?;
    let (sender, commands) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name(format!("worker-{number}"))
        .spawn(move || work(&runtime, &commands))
        .map_err(LoadError::Worker)?;
    Ok((sender, thread))
}

fn work(runtime: &Runtime, commands: &mpsc::Receiver<WorkerCommand>) {
    let mut users: Vec<User> = Vec::new();
    while let Ok(command) = commands.recv() {
        match command {
            WorkerCommand::Seat(numbers) => {
                // Connections are closed where their runtime is known.
                let _entered = runtime.enter();
                users = numbers.into_iter().map(User::new).collect();
            }
            WorkerCommand::SeatMore(numbers) => users.extend(numbers.into_iter().map(User::new)),
            WorkerCommand::Open {
                client,
                prime,
                reply,
            } => {
                let (opened, back) = runtime.block_on(open(users, &client, prime));
                users = back;
                let _ = reply.send(opened);
            }
            WorkerCommand::Serve { job, reply } => {
                let (report, back) = runtime.block_on(serve(users, &job));
                users = back;
                let _ = reply.send(report);
            }
        }
    }
    let _entered = runtime.enter();
    drop(users);
}

async fn open(
    users: Vec<User>,
    client: &Arc<Client>,
    prime: Option<Arc<RequestHead>>,
) -> (Opened, Vec<User>) {
    let mut tasks = JoinSet::new();
    for mut user in users {
        let (client, prime) = (Arc::clone(client), prime.clone());
        tasks.spawn(async move {
            let is_primed = open_one(&mut user, &client, prime.as_deref()).await;
            (user, is_primed)
        });
    }
    let mut opened = Opened::default();
    let mut back = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((user, is_primed)) = done {
            opened.primed += u32::from(is_primed);
            back.push(user);
        }
    }
    back.sort_by_key(|user| user.number);
    (opened, back)
}

/// Opens a user's connection. What cannot be opened now is tried again by its first request, and
/// counted there. Returns whether a priming exchange was made.
async fn open_one(user: &mut User, client: &Client, prime: Option<&RequestHead>) -> bool {
    let _ = client.connect(&mut user.link).await;
    let (Some(link), Some(prime)) = (&mut user.link, prime) else {
        return false;
    };
    let (is_primed, is_kept) = link.prime(prime).await;
    if !is_kept {
        user.link = None;
        let _ = client.connect(&mut user.link).await;
    }
    is_primed
}

async fn serve(users: Vec<User>, job: &Arc<RoundJob>) -> (WorkerReport, Vec<User>) {
    let (began, cpu_before) = (instant_now(), thread_cpu());
    let probe = lag_probe::start();
    let mut users = match job.order.pacing {
        Pacing::Closed if job.order.sessions.is_some() => play::closed_loop(users, job).await,
        Pacing::Closed => closed_loop(users, job).await,
        Pacing::Open { .. } => open_loop::serve(users, job).await,
    };
    let mut report = WorkerReport {
        lags: lag_probe::end(&probe),
        ..WorkerReport::default()
    };
    for user in &mut users {
        report.counts += std::mem::take(&mut user.counts);
    }
    if let (Some(before), Some(now)) = (cpu_before, thread_cpu()) {
        report.load = Some(WorkerLoad {
            cpu_ns: nanos(now.saturating_sub(before)),
            wall_ns: nanos(began.elapsed()),
        });
    }
    users.sort_by_key(|user| user.number);
    (report, users)
}

/// All users at once, each as fast as it is answered.
async fn closed_loop(users: Vec<User>, job: &Arc<RoundJob>) -> Vec<User> {
    let mut tasks = JoinSet::new();
    for mut user in users {
        let job = Arc::clone(job);
        tasks.spawn(async move {
            user.serve(&job).await;
            user
        });
    }
    let mut back = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        back.extend(ended);
    }
    back
}
