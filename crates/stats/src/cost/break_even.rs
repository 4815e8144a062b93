//! From how many reuses on a write into the cache pays.

use dualround_model::{BreakEven, ModelPrices, WriteTtl};
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// The smallest k for which a write and k reads are cheaper than k + 1 times the input:
/// `write + k · read < (k + 1) · input`. `None` where a price is not given.
pub(super) fn break_even(prices: &ModelPrices, ttl: WriteTtl) -> Option<BreakEven> {
    let (input, read) = (prices.input?, prices.cache_read?);
    let write = prices.cache_write.of(ttl)?;
    Some(BreakEven {
        ttl,
        reuses: reuses(write - input, input - read),
    })
}

/// The smallest k with `more < k · less`: what a write costs more than the input, and a read less.
fn reuses(more: Decimal, less: Decimal) -> Option<u64> {
    if more < Decimal::ZERO {
        return Some(0);
    }
    if less <= Decimal::ZERO {
        return None;
    }
    (more / less).floor().to_u64().map(|whole| whole + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(write: &str, read: &str, input: &str) -> Option<u64> {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        let (write, read, input) = (decimal(write), decimal(read), decimal(input));
        let found = reuses(write - input, input - read);
        // By the inequality itself.
        let pays = |k: u64| write + Decimal::from(k) * read < Decimal::from(k + 1) * input;
        assert_eq!(
            found,
            (0..1000).find(|k| pays(*k)),
            "{write} {read} {input}"
        );
        found
    }

    #[test]
    fn a_write_pays_from_the_smallest_number_of_reuses_on() {
        assert_eq!(of("3.75", "0.30", "3"), Some(1));
        assert_eq!(of("6", "0.30", "3"), Some(2));
        // Exactly even is not cheaper.
        assert_eq!(of("4", "2", "3"), Some(2));
        assert_eq!(of("3", "0", "3"), Some(1));
        assert_eq!(of("2", "0", "3"), Some(0));
        assert_eq!(of("4", "3", "3"), None);
        assert_eq!(of("3", "4", "3"), None);
    }
}
