//! `answers.jsonl`: the answers that later turns of sessions build on, as they were pinned: content and
//! calls, never reasoning. A run that goes on builds on the same.

use crate::ReportError;
use dualround_model::TurnPlace;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

/// An answer that was pinned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedAnswer {
    /// Which turn of which session it answers.
    #[serde(flatten)]
    pub turn: TurnPlace,
    /// It, as messages of a chat.
    pub messages: Vec<Value>,
}

/// The file of a run's pinned answers, open for appending; it is made with the first of them.
#[derive(Debug)]
pub struct AnswerFile {
    path: PathBuf,
    file: Option<File>,
}

impl AnswerFile {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Appends an answer.
    ///
    /// # Errors
    /// [`ReportError::Append`].
    pub fn append(&mut self, answer: &PinnedAnswer) -> Result<(), ReportError> {
        let path = &self.path;
        let failed = |source: io::Error| ReportError::Append {
            path: path.clone(),
            source,
        };
        if self.file.is_none() {
            self.file = Some(open(path).map_err(failed)?);
        }
        let mut line = serde_json::to_vec(answer).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        match &mut self.file {
            Some(file) => file.write_all(&line).map_err(failed),
            None => Ok(()),
        }
    }
}

/// The file at its end, behind its last whole line: a line that a killed run has begun is taken away.
fn open(path: &Path) -> io::Result<File> {
    let mut file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let whole = text.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |at| at + 1);
    if whole < text.len() {
        file.set_len(whole as u64)?;
    }
    Ok(file)
}

/// The pinned answers of a run; none where it has no such file. A last line that was cut off is left
/// out: its turn is answered again.
///
/// # Errors
/// [`ReportError::Read`] for a file that is there and cannot be read, or that has a line of something
/// else.
pub(crate) fn read(path: &Path) -> Result<Vec<PinnedAnswer>, ReportError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ReportError::read(path)(error)),
    };
    let mut answers = Vec::new();
    let mut cut_off = None;
    for (number, line) in (1_u64..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(ReportError::read(path))?;
        if let Some(number) = cut_off {
            let what = format!("line {number} is no pinned answer");
            return Err(ReportError::read(path)(io::Error::other(what)));
        }
        match serde_json::from_str(&line) {
            Ok(answer) => answers.push(answer),
            Err(_) => cut_off = Some(number),
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_read_as_they_were_written_and_half_a_line_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.jsonl");
        assert_eq!(read(&path).unwrap(), []);
        let answer = |turn| PinnedAnswer {
            turn: TurnPlace {
                session: 3,
                turn,
                name: "s".into(),
                of: 4,
                unit: None,
                on_pinned: false,
            },
            messages: vec![json!({"role": "assistant", "content": "好"})],
        };
        let mut file = AnswerFile::at(path.clone());
        file.append(&answer(1)).unwrap();
        file.append(&answer(2)).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"session\":3,\"turn\":3,\"name\":\"s\",\"mess");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path).unwrap(), [answer(1), answer(2)]);
    }
}
