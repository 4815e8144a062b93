//! A server of some places, each of which takes the request that came first.

/// A request before it is sent. Times in ms.
#[derive(Clone, Copy)]
pub(super) struct DueRequest {
    /// When it is due; of a closed loop 0: as soon as a user is free.
    pub(super) due_ms: f64,
    /// For how long it holds its place.
    pub(super) service_ms: f64,
    /// It is sent when all before it have ended, and those behind it are put off by as much.
    pub(super) drained: bool,
}

/// When a request was due, sent and answered, ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlayedRequest {
    pub(super) due_ms: f64,
    pub(super) start_ms: f64,
    /// When the server began with it.
    pub(super) begin_ms: f64,
    pub(super) end_ms: f64,
}

/// A round as it was played.
pub(super) struct PlayedRound {
    pub(super) requests: Vec<PlayedRequest>,
    /// By how much drains put the last request off, ms.
    pub(super) drained_ms: f64,
}

/// Plays requests in their order; `in_flight`: how many the client may have sent that have not ended.
pub(super) fn play(requests: &[DueRequest], places: u32, in_flight: Option<u32>) -> PlayedRound {
    let mut server = vec![0.0_f64; places as usize];
    let mut client = vec![0.0_f64; in_flight.unwrap_or(0) as usize];
    let mut played: Vec<PlayedRequest> = Vec::with_capacity(requests.len());
    let (mut drained_ms, mut last_end) = (0.0_f64, 0.0_f64);
    for request in requests {
        if request.drained {
            drained_ms += (last_end - request.due_ms - drained_ms).max(0.0);
        }
        let due_ms = request.due_ms + drained_ms;
        let user = first_free(&mut client);
        let start_ms = user.as_deref().map_or(due_ms, |free| free.max(due_ms));
        let place = first_free(&mut server);
        let begin_ms = place.as_deref().map_or(start_ms, |free| free.max(start_ms));
        let end_ms = begin_ms + request.service_ms;
        for taken in [user, place].into_iter().flatten() {
            *taken = end_ms;
        }
        last_end = last_end.max(end_ms);
        played.push(PlayedRequest {
            due_ms,
            start_ms,
            begin_ms,
            end_ms,
        });
    }
    PlayedRound {
        requests: played,
        drained_ms,
    }
}

fn first_free(places: &mut [f64]) -> Option<&mut f64> {
    places.iter_mut().min_by(|a, b| a.total_cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Start, begin and end of requests that are due every 10 ms and take 25 ms.
    fn played(places: u32, in_flight: Option<u32>, drained: u32) -> (Vec<[f64; 3]>, f64) {
        let requests: Vec<DueRequest> = (0..4_u32)
            .map(|at| DueRequest {
                due_ms: 10.0 * f64::from(at),
                service_ms: 25.0,
                drained: at == drained,
            })
            .collect();
        let round = play(&requests, places, in_flight);
        let times = round.requests.iter();
        let times = times.map(|one| [one.start_ms, one.begin_ms, one.end_ms]);
        (times.collect(), round.drained_ms)
    }

    #[test]
    fn requests_wait_at_the_server_or_at_the_client() {
        let queued = [[0.0, 0.0, 25.0], [10.0, 10.0, 35.0]];
        let (at_server, _) = played(2, None, 9);
        assert_eq!(at_server[..2], queued);
        assert_eq!(at_server[2..], [[20.0, 25.0, 50.0], [30.0, 35.0, 60.0]]);
        let (at_client, _) = played(2, Some(2), 9);
        assert_eq!(at_client[2..], [[25.0, 25.0, 50.0], [35.0, 35.0, 60.0]]);
    }

    #[test]
    fn a_drain_puts_off_what_comes_later() {
        let (times, drained_ms) = played(2, None, 2);
        assert_eq!(times[2..], [[35.0, 35.0, 60.0], [45.0, 45.0, 70.0]]);
        assert!((drained_ms - 15.0).abs() < 1e-12);
    }
}
