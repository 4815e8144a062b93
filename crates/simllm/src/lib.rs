//! A simulated LLM engine with a real prefix cache and a log of its own instants.
