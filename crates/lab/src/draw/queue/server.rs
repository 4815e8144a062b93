//! A server that prefills one prompt after another, and users who each wait for an answer before
//! they send the next request.

/// A request before it is sent.
#[derive(Clone, Copy)]
pub(super) struct QueuedRequest {
    /// Time that the server needs for its prompt alone, ms.
    pub(super) prefill_ms: f64,
    /// Time from its first token to its last one, ms: so long its user sends nothing else.
    pub(super) decode_ms: f64,
    /// It is sent when all before it have ended.
    pub(super) drained: bool,
}

/// When a request was sent, and its TTFT.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AnsweredRequest {
    pub(super) start_ms: f64,
    pub(super) ttft_ms: f64,
}

/// Plays requests in their order; each is sent by the user who is free first.
pub(super) fn serve(requests: &[QueuedRequest], users: u32) -> Vec<AnsweredRequest> {
    let mut free_at = vec![0.0_f64; users as usize];
    let mut server_free = 0.0_f64;
    let mut answered = Vec::with_capacity(requests.len());
    for request in requests {
        if request.drained {
            let all_ended = free_at.iter().copied().fold(0.0, f64::max);
            free_at.fill(all_ended);
        }
        let next = free_at.iter_mut().min_by(|a, b| a.total_cmp(b));
        let Some(user) = next else {
            break;
        };
        let start_ms = *user;
        let first_token = start_ms.max(server_free) + request.prefill_ms;
        server_free = first_token;
        *user = first_token + request.decode_ms;
        answered.push(AnsweredRequest {
            start_ms,
            ttft_ms: first_token - start_ms,
        });
    }
    answered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ttfts(users: u32, drained: bool) -> Vec<f64> {
        let mut requests = vec![
            QueuedRequest {
                prefill_ms: 10.0,
                decode_ms: 25.0,
                drained: false,
            };
            4
        ];
        requests[2].drained = drained;
        let answered = serve(&requests, users);
        answered.iter().map(|one| one.ttft_ms).collect()
    }

    #[test]
    fn requests_wait_for_those_before_them() {
        assert_eq!(ttfts(1, false), [10.0; 4]);
        // Both start at once; later on each comes while the other one's answer is under way.
        assert_eq!(ttfts(2, false), [10.0, 20.0, 10.0, 10.0]);
        // After a drain both start at once again.
        assert_eq!(ttfts(2, true), [10.0, 20.0, 10.0, 20.0]);
    }
}
