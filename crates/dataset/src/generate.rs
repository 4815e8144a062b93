//! Workloads made to measure caches: groups of prompts that share a beginning, with exact control
//! over how long it is, how often each group is asked, and how conversations grow.

use crate::{
    DatasetError, FileTokenizer, HitRatioError,
    beginnings::Beginnings,
    length::Length,
    rng::{hash, rng, unit},
    words::{TextLang, made_text},
};
use serde_json::{Value, json};
use std::{collections::HashMap, io::Write};

/// Most rows: more are no work of a day for any server.
const MOST_ROWS: u64 = 100_000_000;

/// A workload to be made.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Groups of prompts that share a beginning.
    pub groups: u64,
    /// Conversations in all.
    pub prompts: u64,
    /// Length of the shared beginning, drawn once a group.
    pub shared: Length,
    /// Length of what is each turn's own.
    pub unique: Length,
    /// Output length of each row.
    pub output: Option<Length>,
    /// The k-th group is asked 1/k^s as often as the first; 0: in turns.
    pub zipf: f64,
    /// Turns of a conversation.
    pub turns: u64,
    /// How long a user waits before each turn but the first, s; `None`: nothing is said of it.
    pub gap_s: Option<f64>,
    /// Language of the words.
    pub lang: TextLang,
    /// Of everything drawn.
    pub seed: u64,
}

/// The summary of a workload that was written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WorkloadSummary {
    /// Rows.
    pub rows: u64,
    /// Their length in all, words or tokens.
    pub length: u64,
    /// The share of it that stands at the beginning of an earlier row too: what a cold round could
    /// hit with a cache that forgets nothing, before blocks are rounded.
    pub cold_share: f64,
}

impl Workload {
    /// Splits shared and unique lengths so that a cold round can hit this share: with p prompts a
    /// group, (p − 1)/p of them find the shared beginning.
    ///
    /// # Errors
    /// [`DatasetError::HitRatio`] when no split can do it.
    pub fn aim_at(&mut self, hit_ratio: f64) -> Result<(), DatasetError> {
        self.split_for(hit_ratio)
            .map_err(|reason| DatasetError::HitRatio {
                ratio: hit_ratio,
                reason,
            })
    }

    fn split_for(&mut self, hit_ratio: f64) -> Result<(), HitRatioError> {
        if !(0.0..=1.0).contains(&hit_ratio) {
            return Err(HitRatioError::NotAShare);
        }
        if self.turns > 1 || self.zipf > 0.0 {
            return Err(HitRatioError::Uneven);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let found = 1.0 - self.groups as f64 / self.prompts as f64;
        let total = (self.shared.mean() + self.unique.mean()).round();
        let shared = (hit_ratio * total / found).round();
        if found <= 0.0 || shared > total - 1.0 {
            return Err(HitRatioError::TooFewPrompts {
                prompts: self.prompts,
                groups: self.groups,
                most: 100.0 * found.max(0.0) * (total - 1.0) / total,
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "lengths, not negative"
        )]
        {
            self.shared = Length::Constant(shared as u64);
            self.unique = Length::Constant((total - shared) as u64);
        }
        Ok(())
    }

    /// The groups in the order in which they are asked.
    fn order(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        if self.zipf <= 0.0 {
            return Box::new((0..self.prompts).map(|at| at % self.groups));
        }
        let mut sum = 0.0;
        let mut up_to = Vec::new();
        for rank in 1..=self.groups {
            #[expect(clippy::cast_precision_loss, reason = "ranks are far below 2^52")]
            let weight = libm::pow(rank as f64, -self.zipf);
            sum += weight;
            up_to.push(sum);
        }
        let mut rng = rng(hash(self.seed, 1 << 60));
        Box::new((0..self.prompts).map(move |_| {
            let at = unit(&mut rng) * sum;
            up_to.partition_point(|end| *end < at).min(up_to.len() - 1) as u64
        }))
    }

    /// Refuses more rows than can be held apart, or kept.
    fn check_size(&self) -> Result<(), DatasetError> {
        let rows = self.prompts.checked_mul(self.turns);
        if rows.is_none_or(|rows| rows > MOST_ROWS) || self.groups > MOST_ROWS {
            return Err(DatasetError::TooManyRows {
                prompts: self.prompts,
                turns: self.turns,
                groups: self.groups,
                most: MOST_ROWS,
            });
        }
        Ok(())
    }

    /// Writes the rows: `{"id", "text"}`; when there are several turns each is a row of its session,
    /// with all its `messages`, the answers among them, `session_id`, `turn` and `delay_s`. With
    /// `output_tokens` where they are given, and `input_tokens` where lengths are in tokens. Turns of
    /// different conversations alternate.
    ///
    /// # Errors
    /// [`DatasetError`] when the output cannot be written, or there would be too much of it.
    pub fn write(
        &self,
        tokens: Option<&FileTokenizer>,
        out: &mut dyn Write,
    ) -> Result<WorkloadSummary, DatasetError> {
        self.check_size()?;
        let mut writer = WorkloadWriter {
            workload: self,
            tokens,
            out,
            talks: HashMap::new(),
            beginnings: Beginnings::default(),
            rows: 0,
            length: 0,
            shared: 0,
        };
        for turn in 0..self.turns {
            for (conversation, group) in (0_u64..).zip(self.order()) {
                writer.write_turn(group, conversation, turn)?;
            }
        }
        Ok(writer.summary())
    }
}

/// What a length is drawn for: each has its own numbers.
#[derive(Clone, Copy)]
enum LengthOf {
    Shared = 1,
    Unique = 2,
    Output = 3,
}

/// The writing of a workload.
struct WorkloadWriter<'a> {
    workload: &'a Workload,
    tokens: Option<&'a FileTokenizer>,
    out: &'a mut dyn Write,
    /// What has been said in each conversation that goes on.
    talks: HashMap<u64, Vec<Value>>,
    beginnings: Beginnings,
    rows: u64,
    /// Of all rows, and of the beginnings that stood in earlier ones, words or tokens.
    length: u64,
    shared: u64,
}

impl WorkloadWriter<'_> {
    fn write_turn(&mut self, group: u64, conversation: u64, turn: u64) -> Result<(), DatasetError> {
        let Workload {
            turns,
            shared,
            unique,
            output,
            ..
        } = *self.workload;
        let own = (conversation * turns + turn) * 2 + (1 << 40);
        let mut asked = String::new();
        if turn == 0 {
            asked = self.text(group, self.length(LengthOf::Shared, group, shared));
        }
        asked.push_str(&self.text(own, self.length(LengthOf::Unique, own, unique)));
        let asked = asked.trim_start();
        let output = output.map(|length| self.length(LengthOf::Output, own, length).max(1));
        let mut talk = self.talks.remove(&conversation).unwrap_or_default();
        talk.push(json!({"role": "user", "content": asked}));
        let id = if turns > 1 {
            format!("g{group}-c{conversation}-t{turn}")
        } else {
            format!("g{group}-p{conversation}")
        };
        let mut row = json!({ "id": id });
        let length = self.count(&talk);
        // Words are no tokens.
        if self.tokens.is_some() {
            row["input_tokens"] = length.into();
        }
        if turns > 1 {
            row["session_id"] = format!("g{group}-c{conversation}").into();
            row["turn"] = (turn + 1).into();
            row["messages"] = json!(talk);
            if let (Some(gap_s), true) = (self.workload.gap_s, turn > 0) {
                row["delay_s"] = json!(gap_s);
            }
        } else {
            row["text"] = json!(asked);
        }
        if let Some(output) = output {
            row["output_tokens"] = json!(output);
        }
        if turn + 1 < turns {
            // What an answer of that length would add to the next turn.
            let answer = self.text(own + 1, output.unwrap_or(0));
            if !answer.is_empty() {
                talk.push(json!({"role": "assistant", "content": answer.trim_start()}));
            }
            self.talks.insert(conversation, talk);
        }
        writeln!(self.out, "{row}").map_err(DatasetError::Write)?;
        self.rows += 1;
        Ok(())
    }

    /// The text of an id, so many words or tokens long.
    fn text(&self, id: u64, length: u64) -> String {
        let Workload { seed, lang, .. } = *self.workload;
        match self.tokens {
            Some(tokens) => tokens.made(seed, id, length, lang),
            None => made_text(seed, id, length, lang),
        }
    }

    fn length(&self, of: LengthOf, id: u64, length: Length) -> u64 {
        let seed = self.workload.seed ^ ((of as u64) << 56);
        length.draw(&mut rng(hash(seed, id)))
    }

    /// Adds a prompt to what has been made, and says how long it is: in tokens where there is a
    /// tokenizer, else in words.
    fn count(&mut self, talk: &[Value]) -> u64 {
        let texts = talk
            .iter()
            .filter_map(|message| message["content"].as_str());
        let texts: Vec<&str> = texts.collect();
        let words = words(&texts, self.workload.lang);
        let beginning = self.beginnings.count(words, 1);
        self.length += beginning.length;
        self.shared += beginning.shared;
        self.tokens.map_or(beginning.length, |tokens| {
            texts.iter().map(|text| tokens.count(text)).sum()
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
    fn summary(&self) -> WorkloadSummary {
        WorkloadSummary {
            rows: self.rows,
            length: self.length,
            cold_share: self.shared as f64 / (self.length as f64).max(1.0),
        }
    }
}

/// The words of a prompt.
fn words<'a>(texts: &'a [&'a str], lang: TextLang) -> impl Iterator<Item = &'a str> {
    texts
        .iter()
        .flat_map(move |text| -> Box<dyn Iterator<Item = &str>> {
            match lang {
                TextLang::En => Box::new(text.split_whitespace()),
                TextLang::Zh => Box::new(text.split("").filter(|piece| !piece.is_empty())),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload() -> Workload {
        Workload {
            groups: 4,
            prompts: 20,
            shared: Length::Constant(100),
            unique: Length::Constant(25),
            output: None,
            zipf: 0.0,
            turns: 1,
            gap_s: None,
            lang: TextLang::En,
            seed: 1,
        }
    }

    fn made(workload: &Workload) -> (WorkloadSummary, Vec<Value>) {
        let mut out = Vec::new();
        let made = workload.write(None, &mut out).unwrap();
        let lines = out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        (
            made,
            lines
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect(),
        )
    }

    #[test]
    fn x26_too_many_rows_are_refused_and_others_written_as_they_are_made() {
        /// Takes so many bytes.
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                let left = self.0.checked_sub(bytes.len());
                self.0 = left.ok_or_else(|| std::io::Error::other("full"))?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        for (groups, prompts, turns) in [
            (1_000_000_000, 1_000_000_000, 1),
            (4, u64::MAX, 2),
            (u64::MAX, 4, 1),
        ] {
            let many = Workload {
                groups,
                prompts,
                turns,
                ..workload()
            };
            let error = many.write(None, &mut Full(1)).unwrap_err().to_string();
            assert!(error.contains("at most 100000000 rows"), "{error}");
        }
        // The first rows are written before the last one is thought of.
        let most = Workload {
            groups: 100_000_000,
            prompts: 100_000_000,
            ..workload()
        };
        assert!(matches!(
            most.write(None, &mut Full(10_000)),
            Err(DatasetError::Write(_))
        ));
    }

    #[test]
    fn groups_share_just_their_beginning() {
        let (found, rows) = made(&workload());
        assert_eq!((found.rows, found.length), (20, 2500));
        // 16 of 20 find 100 of 125 words, and now and then one more by chance.
        assert!((found.cold_share - 0.8 * 0.8).abs() < 2e-3, "{found:?}");
        let words = |at: usize| -> Vec<String> {
            let text = rows[at]["text"].as_str().unwrap();
            text.split(' ').map(str::to_owned).collect()
        };
        assert_eq!(words(0)[..100], words(4)[..100]);
        assert_ne!(words(0)[100..], words(4)[100..]);
        assert_ne!(words(0)[..100], words(1)[..100]);
        assert_eq!(made(&workload()).1, rows);
        assert_ne!(
            made(&Workload {
                seed: 2,
                ..workload()
            })
            .1,
            rows
        );
    }

    #[test]
    fn a_hit_ratio_is_met() {
        let mut aimed = workload();
        aimed.aim_at(0.5).unwrap();
        assert!((made(&aimed).0.cold_share - 0.5).abs() < 0.005);
        assert!(workload().aim_at(0.9).is_err());
        assert!(workload().aim_at(1.5).is_err());
    }

    #[test]
    fn conversations_grow() {
        let talk = Workload {
            turns: 3,
            gap_s: Some(1.5),
            output: Some(Length::Constant(10)),
            ..workload()
        };
        let (_, rows) = made(&talk);
        assert_eq!(rows.len(), 60);
        let messages = |at: usize| rows[at]["messages"].as_array().unwrap();
        assert_eq!(messages(0)[..], messages(20)[..1]);
        assert_eq!(messages(20)[..], messages(40)[..3]);
        assert_eq!(messages(40).len(), 5);
        assert_eq!(messages(40)[1]["role"], "assistant");
        assert_eq!(
            (
                &rows[0]["session_id"],
                &rows[40]["session_id"],
                &rows[40]["turn"]
            ),
            (&json!("g0-c0"), &json!("g0-c0"), &json!(3))
        );
        assert_eq!(
            (rows[0].get("delay_s"), &rows[20]["delay_s"]),
            (None, &json!(1.5))
        );
    }

    #[test]
    fn popular_groups_are_asked_more() {
        let zipf = Workload {
            zipf: 1.0,
            prompts: 5000,
            shared: Length::Constant(1),
            unique: Length::Constant(1),
            ..workload()
        };
        let mut counts = [0_u32; 4];
        for group in zipf.order() {
            counts[usize::try_from(group).unwrap()] += 1;
        }
        // 1, 1/2, 1/3, 1/4 of 25/12.
        for (count, expected) in counts.into_iter().zip([2400.0, 1200.0, 800.0, 600.0]) {
            assert!((f64::from(count) - expected).abs() < 150.0, "{counts:?}");
        }
    }
}
