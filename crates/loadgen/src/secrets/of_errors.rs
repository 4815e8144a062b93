//! Errors without the secrets that they quote.

use super::Secrets;
use crate::{LoadError, ModelError};

impl Secrets {
    /// Takes the secrets out of what an error quotes.
    pub(crate) fn scrub_error(&self, error: LoadError) -> LoadError {
        match error {
            LoadError::Endpoint { url, reason } => LoadError::Endpoint {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Unanswered { url, reason } => LoadError::Unanswered {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Unreachable {
                url,
                reason,
                obstacle,
            } => LoadError::Unreachable {
                url,
                reason: self.scrub(reason),
                obstacle,
            },
            LoadError::NotReady {
                url,
                seconds,
                reason,
            } => LoadError::NotReady {
                url,
                seconds,
                reason: self.scrub(reason),
            },
            LoadError::CanaryRefused {
                url,
                words,
                refusal,
            } => LoadError::CanaryRefused {
                url,
                words: self.scrub(words),
                refusal,
            },
            LoadError::NeedsPrometheus { url, expression } => LoadError::NeedsPrometheus {
                url,
                expression: self.scrub(expression),
            },
            LoadError::KeyRefused { url, status, words } => LoadError::KeyRefused {
                url,
                status,
                words: self.scrub(words),
            },
            LoadError::Model(error) => LoadError::Model(self.scrub_model_error(error)),
            LoadError::NoResetRoute { url, words } => LoadError::NoResetRoute {
                url,
                words: self.scrub(words),
            },
            LoadError::Reset { url, reason } => LoadError::Reset {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Metric { url, reason } => LoadError::Metric {
                url,
                reason: self.scrub(reason),
            },
            other => other,
        }
    }

    fn scrub_model_error(&self, error: ModelError) -> ModelError {
        match error {
            ModelError::NoList {
                status,
                words,
                wants_certificate,
            } => ModelError::NoList {
                status,
                words: self.scrub(words),
                wants_certificate,
            },
            ModelError::Patterns { names } => ModelError::Patterns {
                names: self.scrub(names),
            },
            ModelError::Nothing => ModelError::Nothing,
            ModelError::Several { count, names } => ModelError::Several {
                count,
                names: self.scrub(names),
            },
            ModelError::Refused {
                model,
                words,
                names,
            } => ModelError::Refused {
                model: self.scrub(model),
                words: self.scrub(words),
                names: names.map(|names| self.scrub(names)),
            },
        }
    }
}
