//! Whether a page is the one before it, read again, or that of another process.

use crate::prometheus::scrape::{PromType, Scrape};
use std::collections::HashMap;

/// When the process began, as most client libraries tell it.
const STARTED: &str = "process_start_time_seconds";

/// A sample is the same series as another by these.
type SeriesKey<'a> = (&'a str, &'a [(String, String)]);

impl Scrape {
    /// Whether a process began anew since `earlier` was read, or another one answered: it began at
    /// another time, or of the counters that moved more fell than grew. Then no value of one page
    /// may be held against one of the other.
    pub fn is_of_another_process(&self, earlier: &Self) -> bool {
        let (now, then) = (self.started(), earlier.started());
        if !now.is_empty() && !then.is_empty() && now != then {
            return true;
        }
        let earlier = earlier.counters();
        let (mut fell, mut grew) = (0, 0);
        for (series, now) in self.counters() {
            let Some(before) = earlier.get(&series) else {
                continue;
            };
            fell += u64::from(now < *before);
            grew += u64::from(now > *before);
        }
        fell > grew
    }

    /// When its processes began, in whole seconds: some compute it anew for every page.
    fn started(&self) -> Vec<i64> {
        let named = self.samples.iter().filter(|sample| sample.name == STARTED);
        // A float beyond i64 is no time; the cast saturates.
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let mut times: Vec<i64> = named.map(|sample| sample.value.round() as i64).collect();
        times.sort_unstable();
        times
    }

    /// The values of all counters, parts of histograms included.
    fn counters(&self) -> HashMap<SeriesKey<'_>, f64> {
        let mut counters = HashMap::new();
        // The samples of a family stand together: its type is looked up once.
        for named in self.samples.chunk_by(|a, b| a.name == b.name) {
            let name = named[0].name.as_str();
            if self.kind(name) != PromType::Counter {
                continue;
            }
            for sample in named {
                counters.insert((name, sample.labels.as_slice()), sample.value);
            }
        }
        counters
    }
}

#[cfg(test)]
mod tests {
    use crate::parse_exposition;

    fn other(before: &str, after: &str) -> bool {
        let (before, after) = (before.as_bytes(), after.as_bytes());
        parse_exposition(after).is_of_another_process(&parse_exposition(before))
    }

    #[test]
    fn f024_a_page_of_another_process_is_known() {
        let page = |began: &str, a: u32, b: u32| {
            format!(
                "process_start_time_seconds {began}\na_total{{x=\"1\"}} {a}\nb_total {b}\ng {a}\n"
            )
        };
        assert!(other(
            &page("1.79e+09", 40, 9),
            &page("1.7900001e+09", 1000, 90)
        ));
        assert!(!other(
            &page("1790000000.2", 40, 9),
            &page("1790000000.31", 41, 9)
        ));
        // Without that time, where what had been counted is gone.
        assert!(other("a_total 40\nb_total 7\n", "a_total 3\nb_total 0\n"));
        assert!(other(
            "t_count 9\n# TYPE t summary\n",
            "# TYPE t summary\nt_count 2\n"
        ));
        // A gauge may fall; one wrong counter among many is no new process.
        assert!(!other("a 40\n", "a 3\n"));
        let one_falls = (
            "a_total 4\nb_total 7\nc_total 3\n",
            "a_total 5\nb_total 8\nc_total 1\n",
        );
        assert!(!other(one_falls.0, one_falls.1));
        assert!(!other("a_total 4\n", ""));
    }
}
