//! Lengths that are drawn: constants and distributions, the same numbers on every platform.

use crate::rng::{below, unit};
use rand_chacha::ChaCha8Rng;
use std::str::FromStr;

/// A text that is no length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no length: give N, uniform:LOW:HIGH, normal:MEAN:DEV or lognormal:MEAN:DEV")]
pub struct LengthError {
    /// As given.
    pub text: String,
}

/// A length: a constant or a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Always the same.
    Constant(u64),
    /// Both ends may come.
    Uniform(u64, u64),
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// Mean and standard deviation of the lengths themselves.
    Lognormal(f64, f64),
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let parts: Vec<&str> = text.split(':').collect();
        let found = match parts[..] {
            [n] => count(n).map(Self::Constant),
            ["uniform", a, b] => count(a)
                .zip(count(b))
                .filter(|(a, b)| a <= b)
                .map(|(a, b)| Self::Uniform(a, b)),
            ["normal", mean, dev] => number(mean)
                .zip(number(dev))
                .map(|(mean, dev)| Self::Normal(mean, dev)),
            ["lognormal", mean, dev] => number(mean)
                .zip(number(dev))
                .filter(|(mean, _)| *mean > 0.0)
                .map(|(mean, dev)| Self::Lognormal(mean, dev)),
            _ => None,
        };
        found.ok_or_else(|| LengthError {
            text: text.to_owned(),
        })
    }
}

/// A constant, or an end of a range.
fn count(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// A mean or a deviation.
fn number(text: &str) -> Option<f64> {
    let number = text.parse::<f64>().ok();
    number.filter(|n| n.is_finite() && *n >= 0.0)
}

impl Length {
    /// Its mean.
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
    pub(crate) fn mean(self) -> f64 {
        match self {
            Self::Constant(n) => n as f64,
            Self::Uniform(a, b) => f64::midpoint(a as f64, b as f64),
            Self::Normal(mean, _) | Self::Lognormal(mean, _) => mean,
        }
    }

    pub(crate) fn draw(self, rng: &mut ChaCha8Rng) -> u64 {
        match self {
            Self::Constant(n) => n,
            Self::Uniform(a, b) => a + below(rng, b - a + 1),
            Self::Normal(mean, dev) => whole(mean + dev * normal(rng)),
            Self::Lognormal(mean, dev) => {
                // The normal behind it (Aitchison and Brown, The Lognormal Distribution, 2.3).
                let variance = libm::log(1.0 + (dev / mean) * (dev / mean));
                let middle = libm::log(mean) - variance / 2.0;
                whole(libm::exp(middle + libm::sqrt(variance) * normal(rng)))
            }
        }
    }
}

/// The nearest length: none is below 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; casts of floats saturate"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

/// A standard normal number (Box and Muller 1958), by a mathematical library that is the same
/// everywhere.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(unit(rng)));
    radius * libm::cos(2.0 * std::f64::consts::PI * unit(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::rng;

    #[test]
    fn lengths_have_their_means() {
        for text in ["uniform:50:150", "normal:100:20", "lognormal:100:50", "100"] {
            let length: Length = text.parse().unwrap();
            let mut rng = rng(3);
            let sum: u64 = (0..4000).map(|_| length.draw(&mut rng)).sum();
            assert!((390_000..410_000).contains(&sum), "{text}: {sum}");
        }
        for bad in [
            "",
            "x",
            "uniform:5:1",
            "normal:1",
            "-3",
            "lognormal:0:1",
            "zipf:1:2",
        ] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}
