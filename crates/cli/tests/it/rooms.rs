//! Who may know whom: the edges between the crates, as ARCHITECTURE.md states them.

use std::collections::BTreeMap;

#[test]
fn no_crate_knows_more_than_it_may() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        // Those of other platforms may not be here.
        .no_deps()
        .other_options(vec!["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    let edges: BTreeMap<String, Vec<String>> = metadata
        .workspace_packages()
        .iter()
        .map(|package| {
            let normal = package.dependencies.iter();
            let normal = normal.filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
            (
                package.name.to_string(),
                normal.map(|d| d.name.clone()).collect(),
            )
        })
        .collect();
    let rooms = ["model", "dataset", "wire", "loadgen", "stats", "report"];
    let may: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("dualround-model", &[][..]),
        ("dualround-dataset", &["dualround-model"]),
        ("dualround-wire", &["dualround-model"]),
        ("dualround-loadgen", &["dualround-model", "dualround-wire"]),
        ("dualround-stats", &["dualround-model"]),
        ("dualround-report", &["dualround-model"]),
        ("simllm", &[]),
    ]);
    for (room, allowed) in may {
        for dependency in &edges[room] {
            let ours = rooms
                .iter()
                .any(|r| dependency == &format!("dualround-{r}"));
            let ours = ours || dependency == "simllm" || dependency == "dualround";
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{room} knows {dependency}"
            );
        }
    }
    let pure = [
        "dualround-model",
        "dualround-dataset",
        "dualround-wire",
        "dualround-stats",
    ];
    for room in pure {
        for forbidden in ["tokio", "clap", "anyhow", "comfy-table", "indicatif"] {
            assert!(
                !edges[room].iter().any(|d| d == forbidden),
                "{room} knows {forbidden}"
            );
        }
    }
}
