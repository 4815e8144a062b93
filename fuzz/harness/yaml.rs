//! Any text as YAML settings: of the simulated engine, and as values; what is read can be written
//! and read again.

use simllm::SimConfig;

pub(crate) fn one(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let _ = serde_saphyr::from_str::<serde_json::Value>(text);
    if let Ok(config) = serde_saphyr::from_str::<SimConfig>(text) {
        let written = serde_json::to_string(&config).unwrap();
        let _ = serde_saphyr::from_str::<SimConfig>(&written);
    }
}
