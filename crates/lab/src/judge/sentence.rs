//! Reads the figures back out of a conclusion's English sentence.

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ShownNumber {
    value: f64,
    /// Half a unit of its last digit.
    half: f64,
}

impl ShownNumber {
    fn parse(text: &str) -> Option<Self> {
        let value = text.parse().ok()?;
        let decimals = text.split_once('.').map_or(0, |(_, rest)| rest.len());
        let half = 0.5 / 10_f64.powi(i32::try_from(decimals).ok()?);
        Some(Self { value, half })
    }

    /// Whether it is more, as written.
    pub(super) fn is_above(self, value: f64) -> bool {
        self.value > value
    }

    /// Whether it is this value, rounded.
    pub(super) fn is(self, value: f64) -> bool {
        (self.value - value).abs() <= self.half * 1.001 + 1e-6 * value.abs()
    }
}

/// The figures of `TTFT 823 → 25 ms …, 32.9× faster`, or `0.85× as fast`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    pub(super) cold: ShownNumber,
    pub(super) warm: ShownNumber,
    pub(super) times: ShownNumber,
    pub(super) faster: bool,
}

/// The figures of the sentence, where it has any.
pub(super) fn figures(text: &str) -> Option<Figures> {
    let (_, rest) = text.split_once("TTFT ")?;
    let (cold, rest) = rest.split_once(" → ")?;
    let (warm, rest) = rest.split_once(" ms")?;
    let (before, after) = rest.split_once("× ")?;
    let times = before.rsplit(' ').next()?;
    Some(Figures {
        cold: ShownNumber::parse(cold)?,
        warm: ShownNumber::parse(warm)?,
        times: ShownNumber::parse(times)?,
        faster: after.starts_with("faster"),
    })
}

/// The ratio of `hits 10.10× faster than misses`, or of `as fast as`.
pub(super) fn arms(text: &str) -> Option<ShownNumber> {
    let after_hits = text.split("hits ").skip(1);
    let mut times = after_hits.filter_map(|rest| rest.split_once("× "));
    times.find_map(|(number, rest)| {
        let compared = ["faster than misses", "as fast as misses"];
        let is_compared = compared.iter().any(|words| rest.starts_with(words));
        is_compared.then(|| ShownNumber::parse(number))?
    })
}

#[cfg(test)]
mod tests {
    use super::{arms, figures};

    #[test]
    fn figures_are_read_as_written() {
        let found =
            figures("cache works: TTFT 100 → 9.95 ms (typical), 10.05× faster (…)").unwrap();
        assert!(found.faster && found.cold.is(100.4) && !found.cold.is(100.6));
        assert!(found.warm.is(9.953) && !found.warm.is(9.96) && found.times.is(10.05));
        assert!(figures("cannot tell: 3 prompts").is_none());
        let shown = arms("cache works: hits 10.10× faster than misses inside the mixed rounds (…)");
        assert!(shown.is_some_and(|times| times.is(10.104) && !times.is(10.106)));
        let slower = "hits slower than misses: hits 0.80× as fast as misses (0.70–0.90×)";
        assert!(arms(slower).is_some_and(|times| times.is(0.7957) && !times.is(0.79)));
        assert!(arms("cannot tell: 3 prompts").is_none());
    }
}
