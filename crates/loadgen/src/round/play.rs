//! A session, turn after turn: each goes when the one before has been answered and its gap is over.

use super::{
    blocks::SessionBlock,
    free_users::FreeUsers,
    job::{PlaceInFlight, RoundJob, TakenRequest, TakenSession},
    timer::DueTimer,
    user::{SentRequest, User},
};
use crate::sessions::SessionStep;
use dualround_model::TurnGap;
use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::task::{JoinHandle, JoinSet};

/// The pause after a session whose last request could not be sent.
const REFUSED: Duration = Duration::from_millis(10);

/// Each user plays one session after the other.
pub(super) async fn closed_loop(users: Vec<User>, job: &Arc<RoundJob>) -> Vec<User> {
    let seats = users.len();
    let free = FreeUsers::of(users);
    let mut tasks = JoinSet::new();
    for _ in 0..seats {
        let (job, free) = (Arc::clone(job), free.clone());
        tasks.spawn(async move {
            while let Some(session) = job.take_session() {
                if !play(&job, &free, session).await {
                    pause().await;
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    free.all()
}

#[expect(
    clippy::disallowed_methods,
    reason = "nothing was sent, so nothing is measured"
)]
async fn pause() {
    tokio::time::sleep(REFUSED).await;
}

/// When the turn before was sent and had ended, ns on the run's clock.
#[derive(Clone, Copy, Debug)]
struct TurnBefore {
    start_ns: u64,
    end_ns: u64,
}

/// Plays a session and all that fork off it. Returns whether its last request could be sent.
pub(super) async fn play(job: &Arc<RoundJob>, free: &FreeUsers, session: TakenSession) -> bool {
    let begin = SessionBegin {
        before: None,
        block: session.block,
    };
    let mut player = SessionPlayer::new(Arc::clone(job), free.clone(), begin);
    let begins = session.block.map_or(0, |block| block.first);
    if job.have_ended(begins).await {
        player.play(session.script, session.due_ns).await;
    }
    let was_sent = player.was_sent;
    free.give(player.user);
    was_sent
}

/// One who plays a session.
struct SessionPlayer {
    job: Arc<RoundJob>,
    free: FreeUsers,
    user: User,
    /// The block of a mixed round that it plays in.
    block: Option<SessionBlock>,
    /// Made when a gap is to be waited for.
    timer: Option<DueTimer>,
    /// Sessions that fork off, by the place of their script; each ends with its end.
    forks: HashMap<u32, JoinHandle<u64>>,
    /// The next turn waits for others until then, ns.
    not_before_ns: u64,
    /// The last turn that was answered.
    before: Option<TurnBefore>,
    was_sent: bool,
}

impl SessionPlayer {
    fn new(job: Arc<RoundJob>, free: FreeUsers, begin: SessionBegin) -> Self {
        Self {
            user: free.take(&job),
            block: begin.block,
            job,
            free,
            timer: None,
            forks: HashMap::new(),
            not_before_ns: 0,
            before: begin.before,
            was_sent: true,
        }
    }

    /// Plays a script, whose first turn is due then.
    async fn play(&mut self, script: u32, due_ns: Option<u64>) {
        let job = Arc::clone(&self.job);
        let Some(sessions) = &job.order.sessions else {
            return;
        };
        let steps = sessions.script(script);
        let mut first_due = due_ns;
        for (at, step) in steps.iter().enumerate() {
            let goes_on = match *step {
                SessionStep::Fork { script } => {
                    self.fork(script);
                    true
                }
                SessionStep::Join { script, gap_ns } => {
                    self.join(script, gap_ns).await;
                    true
                }
                SessionStep::Ask { position, gap } => {
                    let due_ns = first_due.take().or_else(|| self.due_ns(gap));
                    let next = next_position(&steps[at + 1..]);
                    self.ask(position, due_ns, next).await
                }
            };
            if !goes_on {
                job.lose(sessions.requests_in(&steps[at + 1..]));
                break;
            }
        }
        // It is over when all that fork off it are.
        for (_, fork) in std::mem::take(&mut self.forks) {
            let _ = fork.await;
        }
    }

    /// When the turn behind the last one is due; `None`: at once.
    fn due_ns(&self, gap: TurnGap) -> Option<u64> {
        let before = self.before?;
        let due = gap.due_ns(before.start_ns, before.end_ns);
        Some(due.max(self.not_before_ns))
    }

    /// Another user plays a session that forks off.
    fn fork(&mut self, script: u32) {
        let (job, free) = (Arc::clone(&self.job), self.free.clone());
        let begin = SessionBegin {
            before: self.before,
            block: self.block,
        };
        // On the same worker, as everything of a level.
        let fork = tokio::task::spawn(play_fork(job, free, script, begin));
        self.forks.insert(script, fork);
    }

    /// Waits for a session that forked off.
    async fn join(&mut self, script: u32, gap_ns: u64) {
        if let Some(fork) = self.forks.remove(&script) {
            let ended_ns = fork.await.unwrap_or(0);
            self.not_before_ns = self.not_before_ns.max(ended_ns.saturating_add(gap_ns));
        }
    }

    /// Sends one turn when it is due. Returns whether the session goes on.
    async fn ask(&mut self, position: u32, due_ns: Option<u64>, next: Option<u32>) -> bool {
        let job = Arc::clone(&self.job);
        let Some(turns) = &job.turns else {
            return false;
        };
        let Some(request) = turns.request(position).await else {
            // Its fault is told by the maker.
            job.cancel.cancel();
            return false;
        };
        if let Some(due_ns) = due_ns
            && !self.wait_until(due_ns).await
        {
            job.lose(1);
            return false;
        }
        if job.is_over() {
            job.lose(1);
            return false;
        }
        let Some(PlaceInFlight { permit, freed_ns }) = job.place().await else {
            job.lose(1);
            return false;
        };
        if let Some(next) = next {
            turns.order_ahead(next);
        }
        // In a closed loop nothing is due but what a gap puts off.
        let is_open = job.order.pacing.due_ns(0).is_some();
        let due_ns = if is_open { due_ns } else { None };
        let mixed = self.block.map(|block| block.place(job.ended()));
        let taken = TakenRequest::of_turn(position, due_ns, freed_ns, mixed);
        let sent = self.user.send_request(&job, &request, taken).await;
        drop(permit);
        let paused_ns = job.scrape().await;
        if next.is_some() {
            job.counters.paused_ns.fetch_add(paused_ns, Relaxed);
        }
        self.note(sent)
    }

    /// Waits for an instant; returns whether the round goes on then.
    async fn wait_until(&mut self, due_ns: u64) -> bool {
        if self.job.client.clock.now() >= due_ns {
            return true;
        }
        let timer = self.timer.get_or_insert_with(DueTimer::new);
        self.job.wait_until(due_ns, timer).await
    }

    fn note(&mut self, sent: SentRequest) -> bool {
        self.was_sent = sent.start_ns.is_some();
        if let (Some(start_ns), true) = (sent.start_ns, sent.is_success) {
            self.before = Some(TurnBefore {
                start_ns,
                end_ns: sent.end_ns,
            });
        }
        sent.is_success
    }
}

/// The next turn behind a step.
fn next_position(steps: &[SessionStep]) -> Option<u32> {
    steps.iter().find_map(|step| match step {
        SessionStep::Ask { position, .. } => Some(*position),
        SessionStep::Fork { .. } | SessionStep::Join { .. } => None,
    })
}

/// What a session begins with.
#[derive(Clone, Copy)]
struct SessionBegin {
    /// The turn that it forks off, where it does.
    before: Option<TurnBefore>,
    /// The block of a mixed round that it is played in.
    block: Option<SessionBlock>,
}

/// Plays a session that forks off behind a turn; when it had ended, ns. Boxed, since it may fork again.
fn play_fork(
    job: Arc<RoundJob>,
    free: FreeUsers,
    script: u32,
    begin: SessionBegin,
) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        let mut player = SessionPlayer::new(job, free.clone(), begin);
        player.play(script, None).await;
        let ended_ns = player.before.map_or(0, |before| before.end_ns);
        free.give(player.user);
        ended_ns
    })
}
