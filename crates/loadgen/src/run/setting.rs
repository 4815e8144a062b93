//! What every part of a run needs to know of it.

use crate::{
    LoadError, control::ControlPlane, exchange::Client, secrets::Secrets, transport::Target,
};
use dualround_model::{Plan, Sample};
use std::sync::Arc;

/// The setting of a run.
pub(super) struct RunSetting {
    /// The plan; its model and the pages of its metrics are filled in when they are found.
    pub(super) plan: Plan,
    /// What each level asks; the last entry stands for those that follow.
    pub(super) levels: Vec<Vec<Arc<Sample>>>,
    /// The level that the crew is seated for, 0-based; `None` before the first.
    pub(super) level: Option<u32>,
    /// The client of measured requests.
    pub(super) client: Arc<Client>,
    /// For everything that is not measured.
    pub(super) control: ControlPlane,
}

impl RunSetting {
    /// The endpoint.
    pub(super) fn target(&self) -> &Target {
        &self.client.target
    }

    /// What the level under way asks.
    pub(super) fn samples(&self) -> &[Arc<Sample>] {
        let level = usize::try_from(self.level.unwrap_or(0)).unwrap_or(usize::MAX);
        let samples = self.levels.get(level).or(self.levels.last());
        samples.map_or(&[], Vec::as_slice)
    }

    /// The requests of the level under way are turns of sessions.
    pub(super) fn asks_sessions(&self) -> bool {
        self.samples()
            .first()
            .is_some_and(|sample| sample.turn.is_some())
    }

    /// What stands for the measured prompts in requests that are not measured.
    pub(super) fn first_sample(&self) -> Option<Arc<Sample>> {
        self.samples().first().map(Arc::clone)
    }

    /// What may stand in nothing that the run says or writes.
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::of(&self.plan)
    }

    /// An error without what may not stand in it.
    pub(super) fn scrubbed(&self, error: LoadError) -> LoadError {
        self.secrets().scrub_error(error)
    }
}
