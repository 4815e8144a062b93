//! Users that are free: what asks in the place of another one finds its connection there.

use super::{job::RoundJob, user::User};
use crate::lock::lock;
use std::sync::{Arc, Mutex, atomic::Ordering::Relaxed};

/// The free users of one worker, which no other thread touches: nobody waits there.
#[derive(Clone)]
pub(super) struct FreeUsers(Arc<Mutex<Vec<User>>>);

impl FreeUsers {
    pub(super) fn of(users: Vec<User>) -> Self {
        Self(Arc::new(Mutex::new(users)))
    }

    /// The one that has been free for the shortest time, whose connection is the least likely to have
    /// been closed by the server; where all are busy, a new one.
    pub(super) fn take(&self, job: &RoundJob) -> User {
        let user = lock(&self.0).pop();
        user.unwrap_or_else(|| User::new(job.counters.users.fetch_add(1, Relaxed)))
    }

    /// Takes a user back.
    pub(super) fn give(&self, user: User) {
        lock(&self.0).push(user);
    }

    /// All that are free.
    pub(super) fn all(&self) -> Vec<User> {
        std::mem::take(&mut *lock(&self.0))
    }
}
