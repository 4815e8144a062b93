//! The bodies of a partial round: a share of each prompt as it was sent before, then fresh words.

use super::{
    cold::FreshWords,
    engines::RunEngines,
    epoch::{RoundBodies, RunEpoch},
    setting::RunSetting,
    tokens::Tokenizer,
};
use crate::{
    LoadError,
    cold::CacheBreaker,
    request::partial::{Search, chars, common, cut, cut_ids},
    request::prepare::{self, Freshness},
};
use dualround_model::{PrefixCut, Sample};
use serde_json::Value;
use std::sync::Arc;

/// Questions to the tokenizer for one prompt, at most.
const TRIES: usize = 8;

/// Samples that were cut.
struct CutSamples {
    samples: Vec<Arc<Sample>>,
    /// What was kept of all of them, in tokens or characters.
    kept: usize,
    /// What there was before.
    whole: usize,
    /// `None`: cut by characters.
    block_tokens: Option<u64>,
}

impl CutSamples {
    fn with_capacity(samples: usize, block_tokens: Option<u64>) -> Self {
        Self {
            samples: Vec::with_capacity(samples),
            kept: 0,
            whole: 0,
            block_tokens,
        }
    }

    fn push(&mut self, sample: Sample, kept: usize, whole: usize) {
        self.samples.push(Arc::new(sample));
        self.kept += kept;
        self.whole += whole;
    }

    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
    fn kept_share(&self) -> f64 {
        self.kept as f64 / self.whole.max(1) as f64
    }
}

/// Cuts the prompts of the running epoch at a share of their token ids, where the engine has a
/// tokenizer to ask, else of their characters. The whole share repeats the epoch.
///
/// # Errors
/// [`LoadError::Body`] for a sample that cannot be sent.
pub(super) fn partial_bodies(
    percent: u32,
    words: &FreshWords,
    setting: &RunSetting,
    engines: &RunEngines,
    epoch: &mut RunEpoch,
) -> Result<RoundBodies, LoadError> {
    let cut = match words {
        FreshWords::Ids(ids) => cut_by_ids(percent, ids, setting, engines, epoch),
        FreshWords::Text(words) => {
            epoch.ask_token_ids(setting, engines, None);
            let by_tokens = cut_by_tokens(percent, words, setting, engines, epoch);
            by_tokens.unwrap_or_else(|| cut_by_chars(percent, words, setting))
        }
    };
    let (plan, breaker) = (&setting.plan, epoch.breaker.as_ref());
    let freshness = Freshness::shared(breaker);
    let key = epoch.key.as_deref();
    let bodies = prepare::epoch(plan, setting.target(), &cut.samples, freshness, key)?;
    Ok(RoundBodies {
        bodies: Arc::new(bodies),
        turns: None,
        cold: None,
        cut: Some(PrefixCut {
            asked_percent: percent,
            kept_share: cut.kept_share(),
            block_tokens: cut.block_tokens,
        }),
    })
}

/// Prompts of token ids are cut where they are asked to be, at a whole block; those of the epoch's own
/// value stand before them.
fn cut_by_ids(
    percent: u32,
    fresh: &[u32],
    setting: &RunSetting,
    engines: &RunEngines,
    epoch: &RunEpoch,
) -> CutSamples {
    let before = match &epoch.breaker {
        Some(CacheBreaker::Ids(ids)) => ids.len(),
        _ => 0,
    };
    let samples = setting.samples();
    let block = engines.block_tokens().unwrap_or(1);
    let size = usize::try_from(block).unwrap_or(usize::MAX).max(1);
    let mut all = CutSamples::with_capacity(samples.len(), Some(block));
    for sample in samples {
        let whole = before
            + sample
                .token_ids()
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
        let asked = whole * percent as usize / 100;
        let target = (asked + size / 2) / size * size;
        let kept = target.clamp(before, whole);
        all.push(cut_ids(sample, kept - before, fresh), kept, whole);
    }
    all
}

fn cut_by_chars(percent: u32, words: &str, setting: &RunSetting) -> CutSamples {
    let samples = setting.samples();
    let mut all = CutSamples::with_capacity(samples.len(), None);
    for sample in samples {
        let whole = chars(sample);
        let kept = whole * percent as usize / 100;
        all.push(cut(sample, kept, words), kept, whole);
    }
    all
}

/// `None` where the tokens of the prompts are not known.
fn cut_by_tokens(
    percent: u32,
    words: &str,
    setting: &RunSetting,
    engines: &RunEngines,
    epoch: &RunEpoch,
) -> Option<CutSamples> {
    let ids = epoch.token_ids.as_ref()?;
    let mut tokenizer = Tokenizer::of(setting, engines, epoch)?;
    let block = engines.block_tokens().unwrap_or(1);
    let size = usize::try_from(block).unwrap_or(usize::MAX).max(1);
    let control = &setting.control;
    control.run(async {
        let mut all = CutSamples::with_capacity(ids.len(), Some(block));
        for (sample, whole) in setting.samples().iter().zip(ids) {
            // The nearest whole block.
            let asked = whole.len() * percent as usize / 100;
            let target = (asked + size / 2) / size * size;
            let (mut search, first) = Search::new(chars(sample), whole.len(), target, size);
            let mut tried = first;
            for _ in 0..TRIES {
                let cut = cut(sample, tried, words);
                let body = prepare::sent_body(&setting.plan, &cut, epoch.breaker.as_ref()).ok()?;
                let ids = tokenizer.ids(&body).await?;
                match search.next(tried, common(whole, &ids)) {
                    Some(next) => tried = next,
                    None => break,
                }
                if control.cancel.is_cancelled() {
                    return None;
                }
            }
            let (at, kept) = search.best()?;
            all.push(cut(sample, at, words), kept, whole.len());
        }
        Some(all)
    })
}
