//! Files to samples: readers, selection, truncation, digests.
