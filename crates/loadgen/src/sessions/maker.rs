//! Bodies of turns, made when their turn is near, by a thread of its own: a worker that made them
//! would be late for the tokens of others.

use super::{
    answer::{SeenAnswer, message_of},
    book::{AnswerBook, TurnKey},
    facts::{ChangedBody, LevelFacts},
    sharing::SharedBeginnings,
};
use crate::{
    LoadError,
    cold::CacheBreaker,
    lock::lock,
    request::body::BodyExtras,
    request::prepare::{self, MadeRequest, RequestMaker},
    transport::Target,
};
use dualround_model::{
    BodyDigest, Plan, PreparedRequest, RequestRow, Sample, SessionUnits, TurnPlace, hex,
};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// What makes the turns of a round new to every cache.
#[derive(Clone, Debug)]
pub(crate) enum TurnFreshness {
    /// One value for all of them, or none.
    Shared(Option<CacheBreaker>),
    /// A value each, by position.
    Each(Vec<CacheBreaker>),
    /// The epoch's for one arm, and one of the round's own for the other.
    Arms {
        epoch: Option<CacheBreaker>,
        value: CacheBreaker,
        /// Positions of the other arm.
        misses: HashSet<u32>,
        /// What the other arm sent.
        facts: LevelFacts,
    },
}

impl TurnFreshness {
    fn of(&self, position: u32) -> Option<&CacheBreaker> {
        match self {
            Self::Shared(breaker) => breaker.as_ref(),
            Self::Each(breakers) => breakers.get(position as usize),
            Self::Arms {
                epoch,
                value,
                misses,
                ..
            } => {
                if misses.contains(&position) {
                    Some(value)
                } else {
                    epoch.as_ref()
                }
            }
        }
    }
}

/// What the bodies of a round are made of.
pub(crate) struct MakerBasis {
    pub(crate) plan: Plan,
    pub(crate) target: Target,
    /// The level's samples.
    pub(crate) samples: Vec<Arc<Sample>>,
    pub(crate) freshness: TurnFreshness,
    /// The value of `prompt_cache_key`.
    pub(crate) key: Option<String>,
    pub(crate) book: Arc<AnswerBook>,
    /// Which sessions are one observation.
    pub(crate) units: Arc<SessionUnits>,
    /// What was sent before, and is to be repeated.
    pub(crate) facts: LevelFacts,
    /// 1-based number of the round, for messages.
    pub(crate) round: u32,
}

/// A body that is wanted, and who waits for it.
struct Ordered {
    position: u32,
    reply: oneshot::Sender<Arc<PreparedRequest>>,
}

/// A body that is on its way.
pub(crate) type ComingBody = oneshot::Receiver<Arc<PreparedRequest>>;

/// The maker of a round's bodies.
pub(crate) struct TurnMaker {
    orders: Mutex<Option<mpsc::Sender<Ordered>>>,
    /// Bodies that were ordered before anybody waits for them.
    ahead: Mutex<HashMap<u32, ComingBody>>,
    basis: Arc<MakerBasis>,
    /// Turns whose answers in this round are those that are pinned.
    given: Mutex<HashSet<TurnKey>>,
    fault: Arc<Mutex<Option<LoadError>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl TurnMaker {
    /// Starts the maker of a round.
    ///
    /// # Errors
    /// [`LoadError::Worker`] where its thread cannot be started.
    pub(crate) fn start(basis: MakerBasis) -> Result<Self, LoadError> {
        let (orders, wanted) = mpsc::channel();
        let (basis, fault) = (Arc::new(basis), Arc::new(Mutex::new(None)));
        let (own, found) = (Arc::clone(&basis), Arc::clone(&fault));
        let thread = std::thread::Builder::new()
            .name("bodies".to_owned())
            .spawn(move || make_all(&own, &wanted, &found))
            .map_err(LoadError::Worker)?;
        Ok(Self {
            orders: Mutex::new(Some(orders)),
            ahead: Mutex::default(),
            basis,
            given: Mutex::default(),
            fault,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Orders the body of a turn that will be wanted soon, where it can be made already.
    pub(crate) fn order_ahead(&self, position: u32) {
        if self.is_ready(position) {
            let mut ahead = lock(&self.ahead);
            ahead
                .entry(position)
                .or_insert_with(|| self.order(position));
        }
    }

    /// The request at a position, once it is made; `None` where it cannot be.
    pub(crate) async fn request(&self, position: u32) -> Option<Arc<PreparedRequest>> {
        let ordered = lock(&self.ahead).remove(&position);
        let coming = ordered.unwrap_or_else(|| self.order(position));
        coming.await.ok()
    }

    /// Takes the answer to a request, where a later turn builds on it: it is pinned and given back where
    /// none was. `generated`: the tokens of it, as the server counts them.
    pub(crate) fn take_answer(
        &self,
        request: &PreparedRequest,
        seen: &SeenAnswer,
        generated: Option<u64>,
    ) -> Option<Arc<[Value]>> {
        let turn = request.turn.as_ref()?;
        let (session, turn) = (turn.session, turn.turn);
        let book = &self.basis.book;
        if !book.wants(session, turn) {
            return None;
        }
        let answer: Arc<[Value]> = Arc::from([message_of(seen)]);
        let is_new = !book.has(session, turn);
        if is_new {
            book.pin(session, turn, Arc::clone(&answer));
        }
        // What was thought before it stands between the prompt and the answer in the server's cache.
        let is_all = generated.is_none_or(|tokens| tokens <= seen.most_tokens());
        if is_all && (is_new || book.is(session, turn, &answer)) {
            lock(&self.given).insert((session, turn));
        }
        is_new.then_some(answer)
    }

    /// Where a request stands in its session; whether the answer that it builds on is what the server
    /// answered in this round is known once the turn before has ended.
    pub(crate) fn place_of(&self, request: &PreparedRequest) -> Option<TurnPlace> {
        let place = request.turn.clone()?;
        let before = (place.session, place.turn.saturating_sub(1));
        let is_given = lock(&self.given).contains(&before);
        Some(TurnPlace {
            on_pinned: place.on_pinned && is_given,
            ..place
        })
    }

    /// The digests over what was made so far, in this round and those that it repeats: of contents, and
    /// of bodies as sent.
    pub(crate) fn digests(&self) -> (String, String) {
        let facts = &self.basis.facts;
        (facts.content_digest(), facts.wire_digest())
    }

    /// What kept a body from being made, once.
    pub(crate) fn take_fault(&self) -> Option<LoadError> {
        lock(&self.fault).take()
    }

    /// No answer is missing of those that a turn builds on.
    fn is_ready(&self, position: u32) -> bool {
        let sample = self.basis.samples.get(position as usize);
        sample.is_some_and(|sample| self.basis.has_all_answers(sample))
    }

    fn order(&self, position: u32) -> ComingBody {
        let (reply, coming) = oneshot::channel();
        if let Some(orders) = lock(&self.orders).as_ref() {
            // The maker ends only with the round.
            let _ = orders.send(Ordered { position, reply });
        }
        coming
    }
}

impl Drop for TurnMaker {
    fn drop(&mut self) {
        lock(&self.orders).take();
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl MakerBasis {
    fn has_all_answers(&self, sample: &Sample) -> bool {
        let mut histories = sample.and_before().filter_map(Sample::history);
        histories.all(|(_, history)| {
            let before = history.before.turn.as_deref();
            !history.pinned || before.is_some_and(|turn| self.book.has(turn.session, turn.turn))
        })
    }
}

/// Makes what is ordered until nobody orders any more.
fn make_all(
    basis: &MakerBasis,
    wanted: &mpsc::Receiver<Ordered>,
    fault: &Mutex<Option<LoadError>>,
) {
    let mut making = Making {
        maker: RequestMaker::new(&basis.plan, &basis.target),
        beginnings: SharedBeginnings::default(),
        lengths: lengths(&basis.samples),
        sent: HashSet::new(),
        basis,
    };
    while let Ok(ordered) = wanted.recv() {
        match making.make(ordered.position) {
            Ok(request) => {
                // Who waited may have gone with a round that was ended.
                let _ = ordered.reply.send(Arc::new(request));
            }
            Err(error) => {
                lock(fault).get_or_insert(error);
            }
        }
    }
}

/// The making of a round's bodies.
struct Making<'a> {
    basis: &'a MakerBasis,
    maker: RequestMaker<'a>,
    beginnings: SharedBeginnings,
    /// Turns of each session.
    lengths: HashMap<u32, u32>,
    /// Bodies that were made, where none may be made twice.
    sent: HashSet<BodyDigest>,
}

impl Making<'_> {
    fn make(&mut self, position: u32) -> Result<PreparedRequest, LoadError> {
        let basis = self.basis;
        let at = position as usize;
        let Some(sample) = basis.samples.get(at) else {
            return Err(missing(0));
        };
        let whole = sample
            .whole(&*basis.book)
            .ok_or_else(|| missing(sample.row))?;
        let extras = BodyExtras {
            fresh: basis.freshness.of(position),
            key: basis.key.as_deref(),
        };
        let MadeRequest { request, content } = self.maker.make(position, &whole, extras)?;
        let content = prepare::body_digest(&content);
        let (is_alone, facts) = match &basis.freshness {
            TurnFreshness::Each(_) => (true, &basis.facts),
            TurnFreshness::Arms { misses, facts, .. } if misses.contains(&position) => {
                (false, facts)
            }
            _ => (false, &basis.facts),
        };
        facts
            .take(at, content, request.body_digest)
            .map_err(|changed| differs(basis.round, changed))?;
        if is_alone && !self.sent.insert(request.body_digest) {
            return Err(LoadError::Digest {
                round: basis.round,
                what: "wire",
                found: hex(&request.body_digest),
                expected: "one of its own".to_owned(),
            });
        }
        let shared_chars = if is_alone {
            0
        } else if prepare::has_more_than_text(&whole) {
            RequestRow::SHARED_UNKNOWN
        } else {
            self.beginnings.add(&prepare::rendered(&basis.plan, &whole))
        };
        let turn = sample.turn.as_deref().map(|turn| {
            let of = self.lengths.get(&turn.session).copied();
            let unit = basis.units.unit(turn.session);
            turn.place(of.unwrap_or(turn.turn), unit)
        });
        Ok(PreparedRequest {
            shared_chars,
            turn,
            ..request
        })
    }
}

/// The turns of each session.
fn lengths(samples: &[Arc<Sample>]) -> HashMap<u32, u32> {
    let mut lengths = HashMap::new();
    for turn in samples.iter().filter_map(|sample| sample.turn.as_deref()) {
        let most: &mut u32 = lengths.entry(turn.session).or_default();
        *most = turn.turn.max(*most);
    }
    lengths
}

fn differs(round: u32, changed: ChangedBody) -> LoadError {
    LoadError::Digest {
        round,
        what: changed.what,
        found: hex(&changed.found),
        expected: hex(&changed.expected),
    }
}

/// An answer that a turn builds on is not there: for the type only, since a session ends with a turn
/// that was not answered.
fn missing(row: u64) -> LoadError {
    LoadError::Body {
        row,
        reason: "an answer that it builds on was not pinned".to_owned(),
    }
}
