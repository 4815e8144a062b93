//! Whether a request was answered with the same text cold and warm. Batching alone changes texts on
//! real engines, so two warm rounds stand beside it where there are two.

use crate::{pairs::matched, quantile::stat};
use dualround_model::{Answers, RoundKind, RoundResult};

/// Compares the texts that were kept; `None` where none were.
pub(crate) fn compare(rounds: &[RoundResult]) -> Option<Answers> {
    let kept = |round: &RoundResult| round.requests.iter().any(|(r, _)| r.output.is_some());
    if !rounds.iter().any(kept) {
        return None;
    }
    let (mut same, mut differ) = (0, Vec::new());
    let (mut warm_same, mut warm_differ) = (0, Vec::new());
    for two in rounds.windows(2) {
        let kinds = (two[0].meta.spec.kind, two[1].meta.spec.kind);
        let (same, differ) = match kinds {
            (RoundKind::Cold, RoundKind::Warm) => (&mut same, &mut differ),
            (RoundKind::Warm, RoundKind::Warm) => (&mut warm_same, &mut warm_differ),
            _ => continue,
        };
        let texts = matched(&two[0], &two[1])
            .filter_map(|(a, b)| Some((a.0.output.as_deref()?, b.0.output.as_deref()?)));
        for (a, b) in texts {
            match first_difference(a, b) {
                None => *same += 1,
                Some(at) => differ.push(at as f64),
            }
        }
    }
    let share = |same: u64, differ: &[f64]| {
        let of = same + differ.len() as u64;
        (of > 0).then(|| same as f64 / of as f64)
    };
    Some(Answers {
        pairs: same + differ.len() as u64,
        equal_share: share(same, &differ),
        first_difference: stat(differ.iter().copied()).p50,
        warm_equal_share: share(warm_same, &warm_differ),
    })
}

/// Characters before the first one that differs; `None` for equal texts.
fn first_difference(a: &str, b: &str) -> Option<usize> {
    if a == b {
        return None;
    }
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b);
    Some(common.count())
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn texts_differ_at_a_character() {
        assert_eq!(first_difference("缓存", "缓存"), None);
        assert_eq!(first_difference("缓存", "缓冲"), Some(1));
        assert_eq!(first_difference("ab", "abc"), Some(2));
    }
}
