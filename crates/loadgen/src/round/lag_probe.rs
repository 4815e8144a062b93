//! A timer on each worker that notes how late it is woken: what kept it late kept the reading of
//! streams late too.

use crate::{
    clock::{instant_now, nanos},
    round::suspension::Suspension,
};
use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};
use tokio::{task::JoinHandle, time::sleep_until};

/// Period of the probe.
const PERIOD: Duration = Duration::from_millis(10);
/// Most lags kept; beyond that the period is doubled and every other one dropped.
const MOST_LAGS: usize = 4096;

/// The longest lag of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LongestLag {
    pub(crate) lag_ns: u64,
    /// Of it, while the machine was suspended, which the clock does not count.
    pub(crate) suspended_ns: u64,
    /// When the probe woke from it.
    pub(crate) woken: Instant,
}

/// What a probe noted over a round.
#[derive(Debug, Default)]
pub(crate) struct Lags {
    /// Lags (woken − due), ns, in order.
    pub(crate) lags_ns: Vec<u64>,
    /// The longest of all, also of those that were dropped.
    pub(crate) longest: Option<LongestLag>,
}

thread_local! {
    // The probe is aborted while it sleeps, so what it noted lives beside it, on the worker's thread.
    static LAGS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static LONGEST: Cell<Option<LongestLag>> = const { Cell::new(None) };
}

/// Starts the probe of the calling thread's runtime.
pub(crate) fn start() -> JoinHandle<()> {
    tokio::spawn(probe())
}

/// Ends it, and returns what it noted.
pub(crate) fn end(probe: &JoinHandle<()>) -> Lags {
    probe.abort();
    Lags {
        lags_ns: LAGS.with_borrow_mut(std::mem::take),
        longest: LONGEST.take(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how late it wakes is the measure"
)]
/// Sleeps to fixed instants and notes how late it is woken. The runtime's timer itself rounds up
/// to whole milliseconds, so a lag of up to 1 ms is no lateness.
async fn probe() {
    LAGS.with_borrow_mut(Vec::clear);
    LONGEST.set(None);
    let mut period = PERIOD;
    let mut due = instant_now();
    let mut suspension = Suspension::watch();
    loop {
        due += period;
        sleep_until(due.into()).await;
        let woken = instant_now();
        let suspended_ns = suspension.since();
        let lag_ns = nanos(woken.saturating_duration_since(due)) + suspended_ns;
        note_longest(LongestLag {
            lag_ns,
            suspended_ns,
            woken,
        });
        LAGS.with_borrow_mut(|lags| {
            lags.push(lag_ns);
            if lags.len() >= MOST_LAGS {
                drop_every_other(lags);
                period *= 2;
            }
        });
        due = due.max(woken.checked_sub(period).unwrap_or(due));
    }
}

fn note_longest(lag: LongestLag) {
    let known = LONGEST.get();
    if known.is_none_or(|longest| lag.lag_ns > longest.lag_ns) {
        LONGEST.set(Some(lag));
    }
}

/// Keeps the first, the third and so on.
fn drop_every_other(lags: &mut Vec<u64>) {
    let mut keep = false;
    lags.retain(|_| {
        keep = !keep;
        keep
    });
}

#[cfg(test)]
mod tests {
    use super::drop_every_other;

    #[test]
    fn of_too_many_lags_half_stay_from_the_whole_round() {
        let mut lags = vec![1, 2, 3, 4, 5];
        drop_every_other(&mut lags);
        assert_eq!(lags, [1, 3, 5]);
    }
}
