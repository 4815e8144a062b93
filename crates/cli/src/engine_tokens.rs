//! `--max-input-length` in the engine's own tokens.

use crate::{exit::Usage, progress::reading};
use dualround_dataset::{
    CountTokens, DatasetError, FileTokenizer, as_token_ids, load, load_counted,
};
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
    let mut selection = selected(plan)?;
    if plan.request.prompt_token_ids {
        to_token_ids(plan, &mut selection)?;
    }
    Ok(selection)
}

/// Makes the prompts token ids, by the tokenizer that was named, else by the engine's.
///
/// # Errors
/// What is wrong with a row or the tokenizer, or that the engine has none.
pub(crate) fn to_token_ids(plan: &Plan, selection: &mut Selection) -> anyhow::Result<()> {
    if let Some(path) = &plan.dataset.tokenizer {
        let tokenizer = FileTokenizer::open(path)?;
        let mut encode = |text: &str| tokenizer.ids(text);
        as_token_ids(selection, &plan.dataset, &mut encode)?;
        return Ok(());
    }
    let mut levels = selection.levels.iter().flatten();
    if levels.all(|sample| sample.token_ids().is_some()) {
        return Ok(());
    }
    let Some(mut engine) = EngineTokenizer::find(plan)? else {
        return Err(Usage(
            "--prompt-token-ids: nothing there answers /tokenize with tokens; name a tokenizer \
             with --tokenizer"
                .to_owned(),
        )
        .into());
    };
    let mut encode = |text: &str| {
        engine.ids(text).ok_or_else(|| {
            let why = "the engine's /tokenize stopped answering with token ids";
            DatasetError::NotCounted(format!("{why}; --tokenizer names another"))
        })
    };
    Ok(as_token_ids(selection, &plan.dataset, &mut encode)?)
}

/// The samples as text.
fn selected(plan: &mut Plan) -> anyhow::Result<Selection> {
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
