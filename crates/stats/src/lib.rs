//! Records to summaries, comparisons and the conclusion.
