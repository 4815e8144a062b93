//! Wall times as the files have them.

use std::time::SystemTime;

/// A wall time as RFC 3339 in UTC with milliseconds.
pub fn rfc3339(time: SystemTime) -> String {
    // The range of a timestamp ends in the year 9999.
    let stamp = jiff::Timestamp::try_from(time).unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// The same read back; `None` for any other text.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let stamp: jiff::Timestamp = text.parse().ok()?;
    Some(stamp.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn wall_times_are_rfc_3339() {
        let at = |s: u64| rfc3339(UNIX_EPOCH + Duration::from_secs(s));
        let second = UNIX_EPOCH + Duration::from_secs(1_795_502_006);
        assert_eq!(parse_rfc3339(&rfc3339(second)), Some(second));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(at(1_795_502_006), "2026-11-24T06:33:26.000Z");
    }
}
