//! `--max-input-length` in the engine's own tokens.

use crate::{exit::Usage, progress::reading};
use dualround_dataset::{CountTokens, DatasetError, load, load_counted};
use dualround_loadgen::EngineTokenizer;
use dualround_model::{EngineTokens, Plan, Selection};
use std::cell::RefCell;

/// The engine behind the endpoint, counting.
struct EngineCounter {
    tokenizer: RefCell<EngineTokenizer>,
}

impl CountTokens for EngineCounter {
    fn count(&self, text: &str) -> Result<u64, DatasetError> {
        self.tokenizer.borrow_mut().count(text).ok_or_else(|| {
            let why = "the engine's /tokenize stopped answering while prompts were cut";
            let instead = "--tokenizer none cuts in characters, a tokenizer.json in tokens";
            DatasetError::NotCounted(format!("{why}; {instead}"))
        })
    }
}

/// Loads the samples of a run. Where prompts are to be cut and no tokenizer was named, the engine
/// is asked for its own; the plan then says which unit it became.
///
/// # Errors
/// What is wrong with the data set, or that the engine was named and has no tokenizer.
pub(crate) fn samples(plan: &mut Plan) -> anyhow::Result<Selection> {
    let levels = plan.levels.len();
    let wanted = plan.dataset.engine_tokens;
    let asked = wanted != EngineTokens::Never && plan.dataset.max_input_length.is_some();
    let engine = if asked {
        EngineTokenizer::find(plan)?
    } else {
        None
    };
    let _reading = reading(&[&plan.dataset.path]);
    match engine {
        Some(engine) => {
            plan.dataset.engine_tokens = EngineTokens::Always;
            let engine = EngineCounter {
                tokenizer: RefCell::new(engine),
            };
            Ok(load_counted(&plan.dataset, levels, &engine)?)
        }
        None if wanted == EngineTokens::Always && asked => Err(Usage(
            "--tokenizer engine: nothing there answers /tokenize with tokens; give a \
             tokenizer.json, or none for characters"
                .to_owned(),
        )
        .into()),
        None => {
            plan.dataset.engine_tokens = EngineTokens::Never;
            Ok(load(&plan.dataset, levels)?)
        }
    }
}
