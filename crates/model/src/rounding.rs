//! Numbers as counts, and as people write them.

/// The next whole number from there, as a count; 0 of what is below 0 or no number, the largest count
/// of what is above it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion of a float saturates"
)]
pub fn whole_up(number: f64) -> u32 {
    number.ceil() as u32
}

/// A number above 0 as people write it, to three digits.
pub fn three_digits(number: f64) -> f64 {
    let scale = 10_f64.powf(2.0 - number.log10().floor());
    (number * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_saturate() {
        let counts = [0.0, 0.2, 3.0, 3.001, -2.5, f64::NAN, 1e10].map(whole_up);
        assert_eq!(counts, [0, 1, 3, 4, 0, 0, u32::MAX]);
    }

    #[test]
    fn three_digits_are_kept_at_any_size() {
        for (number, shown) in [
            (31.6228, 31.6),
            (0.0123456, 0.0123),
            (1234.5, 1230.0),
            (9.996, 10.0),
        ] {
            assert!((three_digits(number) - shown).abs() < 1e-9, "{number}");
        }
    }
}
