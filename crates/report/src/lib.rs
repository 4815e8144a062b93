//! Summaries to tables, CSV and JSON, in English and Chinese.
