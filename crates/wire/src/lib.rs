//! Bytes to events: HTTP/1.1 framing, SSE, chat deltas, Prometheus text.
