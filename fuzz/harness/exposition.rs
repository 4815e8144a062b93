//! Any bytes as a metrics page, and any text as what is asked of it.

use dualround_wire::{Selector, parse_exposition};

/// Lines of the page are given to the selector too.
pub(crate) fn one(data: &[u8]) {
    let page = parse_exposition(data);
    // A page is always that of the process that it is of, whatever a half of it would say.
    let half = parse_exposition(&data[..data.len() / 2]);
    page.is_of_another_process(&half);
    assert!(!page.is_of_another_process(&page));
    for name in page.names() {
        // Every name that is told can be found.
        assert!(page.find(name).is_some(), "{name}");
    }
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        if let Some((selector, rest)) = Selector::parse(line) {
            assert!(line.ends_with(rest));
            for sample in &page.samples {
                selector.takes(sample);
            }
        }
    }
}
