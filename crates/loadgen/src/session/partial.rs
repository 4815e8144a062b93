//! The bodies of a partial round: a share of each prompt as it was sent before, then fresh words.

use super::Session;
use crate::{
    LoadError,
    request::partial::{Search, chars, common, cut},
    request::prepare,
};
use dualround_model::{PrefixCut, PreparedEpoch, Sample};
use std::sync::Arc;

/// Questions to the tokenizer for one prompt, at most.
const TRIES: usize = 8;

/// Samples that were cut, and where.
type CutSamples = (Vec<Arc<Sample>>, PrefixCut);

impl Session {
    /// Cuts the prompts of the running epoch at a share of their token ids, where the engine has a
    /// tokenizer to ask, else of their characters. The whole share repeats the epoch.
    pub(super) fn partial_epoch(
        &mut self,
        percent: u32,
    ) -> Result<(Arc<PreparedEpoch>, PrefixCut), LoadError> {
        let uncut = |kept_share| PrefixCut {
            asked_percent: percent,
            kept_share,
            block_tokens: None,
        };
        if percent >= 100
            && let Some(epoch) = self.epoch.as_ref()
        {
            return Ok((Arc::clone(epoch), uncut(1.0)));
        }
        let words = self.markers.next();
        let by_tokens = self.cut_by_tokens(percent, &words)?;
        let (samples, report) = match by_tokens {
            Some(found) => found,
            None => {
                let mut sums = (0, 0);
                let by_chars = |sample: &Arc<Sample>| {
                    let all = chars(sample);
                    let kept = all * percent as usize / 100;
                    sums = (sums.0 + kept, sums.1 + all);
                    Arc::new(cut(sample, kept, &words))
                };
                let samples = self.samples().iter().map(by_chars).collect();
                (samples, uncut(share(sums)))
            }
        };
        let (plan, target) = (&self.plan, &self.client.target);
        let epoch = prepare::epoch(plan, target, &samples, self.fresh.as_ref())?;
        Ok((Arc::new(epoch), report))
    }

    fn cut_by_tokens(
        &mut self,
        percent: u32,
        words: &str,
    ) -> Result<Option<CutSamples>, LoadError> {
        self.token_ids()?;
        let Some((ids, mut tokenizer)) = self.ids.as_ref().zip(self.tokenizer()) else {
            return Ok(None);
        };
        let block = self.block_tokens().unwrap_or(1);
        let size = usize::try_from(block).unwrap_or(usize::MAX).max(1);
        let runtime = crate::runtime::single()?;
        let fresh = self.fresh.as_ref();
        Ok(runtime.block_on(async {
            let mut samples = Vec::with_capacity(ids.len());
            let mut sums = (0, 0);
            for (sample, whole) in self.samples().iter().zip(ids) {
                // The nearest whole block.
                let asked = whole.len() * percent as usize / 100;
                let target = (asked + size / 2) / size * size;
                let (mut search, first) = Search::new(chars(sample), whole.len(), target, size);
                let mut tried = first;
                for _ in 0..TRIES {
                    let cut = cut(sample, tried, words);
                    let body = prepare::sent_body(&self.plan, &cut, fresh).ok()?;
                    let ids = tokenizer.ids(&body).await?;
                    match search.next(tried, common(whole, &ids)) {
                        Some(next) => tried = next,
                        None => break,
                    }
                    if self.cancel.is_cancelled() {
                        return None;
                    }
                }
                let (at, kept) = search.best()?;
                sums = (sums.0 + kept, sums.1 + whole.len());
                samples.push(Arc::new(cut(sample, at, words)));
            }
            let report = PrefixCut {
                asked_percent: percent,
                kept_share: share(sums),
                block_tokens: Some(block),
            };
            Some((samples, report))
        }))
    }
}

#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
fn share((kept, all): (usize, usize)) -> f64 {
    kept as f64 / all.max(1) as f64
}
