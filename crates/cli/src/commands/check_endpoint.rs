//! `dualround check endpoint`: what the server is, and what a run against it will measure.

use super::{
    check::{CheckSettings, CheckTarget, line, settle, show_request},
    endpoint_words::{self, CanarySeen},
};
use crate::{args::CheckEndpointArgs, exit, exit::Usage, hint, screen::print};
use dualround_dataset::load;
use dualround_loadgen::{Cancel, LoadError, Session, redact_url, sendable};
use dualround_model::Sample;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Runs `dualround check endpoint`: looks, sends the canary unless told not to, and says what was
/// found.
pub(crate) fn run(args: CheckEndpointArgs) -> anyhow::Result<u8> {
    look(args).map_err(|error| error.context(hint::LookedAlready))
}

fn look(args: CheckEndpointArgs) -> anyhow::Result<u8> {
    let own = CheckTarget {
        endpoint: args.url,
        ..CheckTarget::default()
    };
    let settled = settle(args.run, own)?;
    if let Some(text) = &settled.print_config {
        print(text);
        return Ok(exit::OK);
    }
    if !settled.has_endpoint {
        return Err(Usage("give the address: dualround check endpoint URL".to_owned()).into());
    }
    let lang = settled.plan.output.lang;
    let shown = redact_url(&settled.plan.endpoint);
    line(&lang.pick([
        format!("requests go to: {shown}"),
        format!("请求发往：{shown}"),
    ]));
    let looked = LookedAt::of(settled, !args.no_canary)?;
    let session = &looked.session;
    for text in endpoint_words::engines(session, &looked.canary, lang) {
        line(&text);
    }
    if let Some(sample) = &looked.first {
        show_request(session.plan(), sample, true)?;
    }
    for text in endpoint_words::canary(session, &looked.canary, lang) {
        line(&text);
    }
    Ok(match looked.canary {
        CanarySeen::Unanswered(_) => exit::ENDPOINT,
        CanarySeen::NotSent | CanarySeen::Report(_) => exit::OK,
    })
}

/// A server that was looked at.
pub(super) struct LookedAt {
    /// It knows the model and the engines.
    pub(super) session: Session,
    /// What the canary showed.
    pub(super) canary: CanarySeen,
    /// The first of the samples, where a data set was named.
    pub(super) first: Option<Arc<Sample>>,
    /// How long looking took, the canary included.
    pub(super) took: Duration,
}

impl LookedAt {
    /// Looks at a server, and sends the canary unless told not to.
    ///
    /// # Errors
    /// What of the data set cannot be read or sent, and [`LoadError`] where the server cannot be
    /// used.
    pub(super) fn of(settled: CheckSettings, with_canary: bool) -> anyhow::Result<Self> {
        let plan = settled.plan;
        // The canary carries what the run's own would: the tools and system text of the first sample.
        let levels = if settled.has_dataset {
            load(&plan.dataset, plan.levels.len())?.levels
        } else {
            Vec::new()
        };
        for samples in &levels {
            sendable(&plan, samples)?;
        }
        let first = levels.first().and_then(|samples| samples.first()).cloned();
        let mut session = Session::open(plan, levels, Cancel::new())?;
        let began = Instant::now();
        let canary = ask(&mut session, with_canary)?;
        Ok(Self {
            took: began.elapsed(),
            session,
            canary,
            first,
        })
    }
}

fn ask(session: &mut Session, with_canary: bool) -> Result<CanarySeen, LoadError> {
    if !with_canary || !session.plan().probe {
        session.look()?;
        return Ok(CanarySeen::NotSent);
    }
    let report = session.preflight()?;
    let failure = session.canary_failure();
    Ok(match report {
        Some(report) => CanarySeen::Report(Box::new(report)),
        None => CanarySeen::Unanswered(failure.unwrap_or("the server said nothing").to_owned()),
    })
}
