//! The elements of a JSON list, one after the other, without the list ever being in memory whole.

use std::io::{self, BufRead};

/// What a list was found to be at its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ListEnd {
    /// Its closing bracket came.
    Closed,
    /// The file ended before.
    CutOff,
}

/// Hands over the bytes of each element of a list whose opening bracket has been read. Only the
/// structure is looked at: whether an element is JSON is for its parser to say.
pub(crate) fn elements<E>(
    reader: &mut impl BufRead,
    io: impl Fn(io::Error) -> E,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<ListEnd, E> {
    let mut element = Vec::new();
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    let mut number = 0;
    let mut finish = |element: &mut Vec<u8>, last: bool| {
        let text = element.trim_ascii();
        // `[]`, and a comma before the end, have nothing between them.
        if !(last && text.is_empty()) {
            number += 1;
            take(number, text)?;
        }
        element.clear();
        Ok(())
    };
    loop {
        let bytes = reader.fill_buf().map_err(&io)?;
        if bytes.is_empty() {
            if !element.trim_ascii().is_empty() {
                finish(&mut element, true)?;
            }
            return Ok(ListEnd::CutOff);
        }
        let (mut at, mut from) = (0, 0);
        let mut closed = false;
        while at < bytes.len() {
            if in_string {
                if std::mem::take(&mut escaped) {
                    at += 1;
                    continue;
                }
                match memchr::memchr2(b'"', b'\\', &bytes[at..]) {
                    Some(next) => {
                        at += next + 1;
                        escaped = bytes[at - 1] == b'\\';
                        in_string = escaped;
                    }
                    None => at = bytes.len(),
                }
                continue;
            }
            match bytes[at] {
                b'"' => in_string = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b']' => {
                    element.extend_from_slice(&bytes[from..at]);
                    from = at + 1;
                    closed = true;
                    break;
                }
                b',' if depth == 0 => {
                    element.extend_from_slice(&bytes[from..at]);
                    from = at + 1;
                    finish(&mut element, false)?;
                }
                _ => {}
            }
            at += 1;
        }
        if closed {
            reader.consume(from);
            finish(&mut element, true)?;
            return Ok(ListEnd::Closed);
        }
        element.extend_from_slice(&bytes[from..]);
        let length = bytes.len();
        reader.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::BufReader;

    fn split(text: &str, buffer: usize) -> (Vec<String>, ListEnd) {
        let mut reader = BufReader::with_capacity(buffer, text.as_bytes());
        let mut found = Vec::new();
        let end = elements(
            &mut reader,
            |error| error,
            |_, bytes| {
                found.push(String::from_utf8(bytes.to_vec()).unwrap());
                Ok(())
            },
        );
        (found, end.unwrap())
    }

    #[test]
    fn elements_end_where_they_end() {
        for buffer in [1, 2, 7, 4096] {
            let text = r#" {"a":"]},[\"\\"} , [1,[2]], "x,\"y" ,3 ] tail"#;
            let (found, end) = split(text, buffer);
            assert_eq!(found, [r#"{"a":"]},[\"\\"}"#, "[1,[2]]", r#""x,\"y""#, "3"]);
            assert_eq!(end, ListEnd::Closed);
            assert_eq!(split("]", buffer), (vec![], ListEnd::Closed));
            assert_eq!(split(r#"{"a":1},{"b"#, buffer).1, ListEnd::CutOff);
            assert_eq!(split("1,,2]", buffer).0, ["1", "", "2"]);
        }
    }

    proptest! {
        #[test]
        fn a_list_of_any_texts_comes_apart_as_serde_reads_it(texts in prop::collection::vec(".*", 0..8), buffer in 1_usize..40) {
            let whole = serde_json::to_string(&texts).unwrap();
            let (found, end) = split(&whole[1..], buffer);
            prop_assert_eq!(end, ListEnd::Closed);
            let read: Vec<String> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(read, texts);
        }
    }
}
