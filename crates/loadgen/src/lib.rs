//! A plan to a stream of request records: schedule, transport, cold policy, telemetry.
