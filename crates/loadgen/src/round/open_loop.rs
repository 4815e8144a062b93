//! An open loop: requests go when they are due, whatever is still running.

use crate::round::{
    job::{RoundJob, TakenRequest},
    user::User,
};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};

/// Longest sleep until it is looked at whether the round is over.
const STEP: Duration = Duration::from_millis(20);

/// Sends the requests that this worker takes, each when it is due: by a user that is free or, where
/// all are busy, by a new one, whose connection is opened before t0. Returns all users.
pub(crate) async fn serve(mut free: Vec<User>, job: &Arc<RoundJob>) -> Vec<User> {
    let mut busy = JoinSet::new();
    while let Some(taken) = job.take() {
        if !wait_until_due(taken, job).await {
            break;
        }
        while let Some(Ok(user)) = busy.try_join_next() {
            free.push(user);
        }
        // The one that has been free for the shortest time: its connection is the least likely to
        // have been closed by the server.
        let mut user = free.pop().unwrap_or_else(|| new_user(job));
        let job = Arc::clone(job);
        busy.spawn(async move {
            user.send(&job, taken).await;
            user
        });
    }
    while let Some(ended) = busy.join_next().await {
        free.extend(ended);
    }
    free
}

fn new_user(job: &RoundJob) -> User {
    User::new(job.counters.users.fetch_add(1, Relaxed))
}

/// Returns whether the request may still go then.
#[expect(clippy::disallowed_methods, reason = "an arrival is an instant")]
async fn wait_until_due(taken: TakenRequest, job: &RoundJob) -> bool {
    let clock = job.client.clock;
    let due_ns = taken.due_ns.unwrap_or(0);
    loop {
        if job.is_over() {
            return false;
        }
        let left = Duration::from_nanos(due_ns.saturating_sub(clock.now()));
        if left.is_zero() {
            return true;
        }
        if left > STEP {
            sleep(STEP).await;
        } else {
            sleep_until(clock.instant(due_ns).into()).await;
        }
    }
}
