//! Variables of the environment that look like settings and are none.

use crate::{
    args::{
        RunArgs,
        variables::{self, PREFIX},
    },
    close::closest,
    exit::Usage,
};

/// Variables of this name that are no settings of a run.
const OTHERS: [&str; 3] = ["cache", "e2e_dir", "lang"];

/// Refuses a misspelt variable by its name, and notes one that is nothing.
///
/// # Errors
/// [`Usage`] with the name that may be meant.
pub(crate) fn check(
    names: impl Iterator<Item = String>,
    notes: &mut Vec<String>,
) -> Result<(), Usage> {
    for name in names {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let setting = rest.to_ascii_lowercase();
        if OTHERS.contains(&setting.as_str()) || RunArgs::NAMES.contains(&setting.as_str()) {
            continue;
        }
        if let Some(meant) = closest(&setting, RunArgs::NAMES) {
            let meant = variables::name_of(meant);
            return Err(Usage(format!(
                "{name} is no setting; did you mean {meant}?"
            )));
        }
        notes.push(format!(
            "{name} in the environment is no setting, and ignored"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn x35_a_misspelt_variable_is_refused_by_name() {
        let of = |name: &str| {
            let mut notes = Vec::new();
            check([name.to_owned()].into_iter(), &mut notes).map(|()| notes)
        };
        let error = of("DUALROUND_CONCURENCY").unwrap_err().to_string();
        assert!(error.contains("DUALROUND_CONCURRENCY"), "{error}");
        assert_eq!(of("DUALROUND_ZZZ").unwrap().len(), 1);
        for fine in [
            "DUALROUND_NUM_SAMPLES",
            "DUALROUND_LANG",
            "DUALROUND_CACHE",
            "OTHER",
        ] {
            assert!(of(fine).unwrap().is_empty(), "{fine}");
        }
    }
}
