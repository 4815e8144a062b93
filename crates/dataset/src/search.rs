//! Where to cut a text whose tokens can only be counted, not located: each question costs a call to
//! a server, so the next one is asked where the last ones let expect the answer.

use crate::DatasetError;

/// Where the characters of a text begin, and where it ends.
pub(crate) fn starts(text: &str) -> Vec<usize> {
    let starts = text.char_indices().map(|(at, _)| at);
    starts.chain([text.len()]).collect()
}

/// The most characters, below `most`, whose tokens are at most `limit`. Counts need not grow with
/// every character; what is returned was counted, unless it is none at all.
pub(crate) fn longest(
    most: usize,
    limit: u64,
    mut count: impl FnMut(usize) -> Result<u64, DatasetError>,
) -> Result<usize, DatasetError> {
    // Fits, and how long it is; does not fit.
    let (mut low, mut low_tokens, mut high) = (0_usize, 0_u64, most);
    let mut high_tokens = None;
    let mut halve = false;
    while low_tokens < limit && high - low > 1 {
        let span = high - low;
        let step = match high_tokens {
            _ if halve => span / 2,
            Some(tokens) => proportion(limit - low_tokens, tokens - low_tokens, span),
            // Four characters a token, as English has.
            None => usize::try_from(4 * (limit - low_tokens)).unwrap_or(span),
        };
        let tried = low + step.clamp(1, span - 1);
        let tokens = count(tried)?;
        let before = span;
        if tokens <= limit {
            (low, low_tokens) = (tried, tokens);
        } else {
            (high, high_tokens) = (tried, Some(tokens));
        }
        // An expectation that hardly helps is followed by one half.
        halve = high - low > before / 2 && !halve;
    }
    Ok(low)
}

/// `part / whole` of `span`.
fn proportion(part: u64, whole: u64, span: usize) -> usize {
    let found = u128::from(part) * span as u128 / u128::from(whole.max(1));
    usize::try_from(found).unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_fills_the_limit_with_few_questions() {
        // Tokens of four characters, then of one.
        let tokens = |chars: usize| {
            let chars = chars as u64;
            if chars < 40_000 {
                chars.div_ceil(4)
            } else {
                chars - 30_000
            }
        };
        for limit in [1, 7, 500, 9_999, 10_000, 10_001, 25_000, 69_999] {
            let mut asked = 0;
            let found = longest(100_000, limit, |chars| {
                asked += 1;
                Ok(tokens(chars))
            });
            let found = found.unwrap();
            assert_eq!(tokens(found), limit, "{limit}: {found}");
            assert!(asked <= 30, "{limit}: {asked} questions");
        }
        assert_eq!(longest(10, 0, |_| unreachable!()).unwrap(), 0);
    }
}
