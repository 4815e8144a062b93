//! An open loop: requests go when they are due, whatever is still running.

use crate::round::{
    free_users::FreeUsers,
    job::{PlaceInFlight, RoundJob, TakenRequest},
    play,
    timer::DueTimer,
    user::User,
};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Longest sleep until it is looked at whether the round is over.
const STEP: Duration = Duration::from_millis(20);

/// Sends the requests that this worker takes, each when it is due: by a user that is free or, where
/// all are busy, by a new one, whose connection is opened before t0. Returns all users.
pub(crate) async fn serve(users: Vec<User>, job: &Arc<RoundJob>) -> Vec<User> {
    if job.order.sessions.is_some() {
        return serve_sessions(users, job).await;
    }
    let free = FreeUsers::of(users);
    let (mut busy, timer) = (JoinSet::new(), DueTimer::new());
    while let Some(taken) = job.take() {
        let Some(turn) = wait_for_turn(taken, job, &timer).await else {
            break;
        };
        while busy.try_join_next().is_some() {}
        let mut user = free.take(job);
        let (job, free) = (Arc::clone(job), free.clone());
        busy.spawn(async move {
            user.send(&job, turn.taken).await;
            // Whoever gets the place finds the connection.
            free.give(user);
            drop(turn.place);
        });
    }
    while busy.join_next().await.is_some() {}
    free.all()
}

/// The same of sessions: the first turn of each goes when it is due, the others follow.
async fn serve_sessions(users: Vec<User>, job: &Arc<RoundJob>) -> Vec<User> {
    let free = FreeUsers::of(users);
    let (mut busy, timer) = (JoinSet::new(), DueTimer::new());
    while let Some(session) = job.take_session() {
        if !job.wait_until(session.due_ns.unwrap_or(0), &timer).await {
            break;
        }
        while busy.try_join_next().is_some() {}
        let (job, free) = (Arc::clone(job), free.clone());
        busy.spawn(async move { play::play(&job, &free, session).await });
    }
    while busy.join_next().await.is_some() {}
    free.all()
}

/// A request whose turn has come.
struct Turn {
    taken: TakenRequest,
    /// Its place among those in flight, where their number is limited.
    place: PlaceInFlight,
}

/// Waits until a request is due and may go; `None` where the round ended meanwhile.
async fn wait_for_turn(taken: TakenRequest, job: &RoundJob, timer: &DueTimer) -> Option<Turn> {
    if taken.mixed.is_some() && !job.may_go(taken).await {
        return None;
    }
    let mut taken = job.after_drains(taken);
    if !wait_until_due(taken, job, timer).await {
        return None;
    }
    let place = job.place().await?;
    taken.freed_ns = place.freed_ns;
    Some(Turn { taken, place })
}

/// Returns whether the request may still go then.
async fn wait_until_due(taken: TakenRequest, job: &RoundJob, timer: &DueTimer) -> bool {
    let due_ns = taken.due_ns.unwrap_or(0);
    loop {
        if job.is_over() {
            return false;
        }
        let left = Duration::from_nanos(due_ns.saturating_sub(job.client.clock.now()));
        if left.is_zero() {
            return true;
        }
        timer.wait(left.min(STEP)).await;
    }
}
