//! A text with its escapes taken off, layer by layer, and where each byte of it stood.
//!
//! Writers of JSON, of HTML and of URLs escape different characters, some only one of them, and quote
//! one another. A secret is looked for in what all of them mean.

/// Quoting within quoting that is taken off.
const LAYERS: usize = 5;

/// One byte, and the bytes of the text that stand for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlacedByte {
    pub(super) byte: u8,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// The layers of a text: as it stands, then with one layer of escapes after the other taken off.
pub(super) fn layers(text: &str) -> Vec<Vec<PlacedByte>> {
    let plain = text.bytes().enumerate();
    let plain = plain.map(|(at, byte)| PlacedByte {
        byte,
        from: at,
        to: at + 1,
    });
    let mut layers = vec![plain.collect::<Vec<PlacedByte>>()];
    while layers.len() < LAYERS {
        match layers.last().and_then(|units| decoded(units)) {
            Some(next) => layers.push(next),
            None => break,
        }
    }
    layers
}

/// One layer less; none where nothing is escaped.
fn decoded(units: &[PlacedByte]) -> Option<Vec<PlacedByte>> {
    if !units.iter().any(|unit| b"\\%&".contains(&unit.byte)) {
        return None;
    }
    let mut out = Vec::with_capacity(units.len());
    let (mut at, mut changed) = (0, false);
    while at < units.len() {
        let Some((c, length)) = escape_at(&units[at..]) else {
            out.push(units[at]);
            at += 1;
            continue;
        };
        changed = true;
        let (from, to) = (units[at].from, units[at + length - 1].to);
        out.extend(
            c.bytes()
                .into_iter()
                .map(|byte| PlacedByte { byte, from, to }),
        );
        at += length;
    }
    changed.then_some(out)
}

/// What an escape stands for.
enum Meaning {
    Char(char),
    /// Of a character that is written byte by byte.
    Byte(u8),
}

impl Meaning {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Char(c) => c.to_string().into_bytes(),
            Self::Byte(byte) => vec![*byte],
        }
    }
}

/// The escape that begins here, and how many units it takes.
fn escape_at(units: &[PlacedByte]) -> Option<(Meaning, usize)> {
    match units.first()?.byte {
        b'\\' => backslash(units),
        b'%' => Some((Meaning::Byte(u8::try_from(hex(units, 1, 2)?).ok()?), 3)),
        b'&' => entity(units),
        _ => None,
    }
}

/// `\/`, `\u002b`, `\x2b`.
fn backslash(units: &[PlacedByte]) -> Option<(Meaning, usize)> {
    match units.get(1)?.byte {
        byte @ (b'"' | b'\'' | b'\\' | b'/') => Some((Meaning::Byte(byte), 2)),
        b'u' => Some((Meaning::Char(char::from_u32(hex(units, 2, 4)?)?), 6)),
        b'x' => Some((Meaning::Byte(u8::try_from(hex(units, 2, 2)?).ok()?), 4)),
        _ => None,
    }
}

/// The number in `length` hexadecimal digits from `at` on.
fn hex(units: &[PlacedByte], at: usize, length: usize) -> Option<u32> {
    let digits = units.get(at..at + length)?;
    digits.iter().try_fold(0, |number, unit| {
        Some(number * 16 + char::from(unit.byte).to_digit(16)?)
    })
}

/// Characters of keys that have names in HTML.
const NAMED: [(&str, char); 20] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("sol", '/'),
    ("plus", '+'),
    ("equals", '='),
    ("num", '#'),
    ("percnt", '%'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("dollar", '$'),
    ("lowbar", '_'),
    ("commat", '@'),
    ("bsol", '\\'),
    ("ast", '*'),
];

/// `&amp;`, `&#43;`, `&#x2B;`.
fn entity(units: &[PlacedByte]) -> Option<(Meaning, usize)> {
    const LONGEST: usize = 12;
    let ahead = &units[1..units.len().min(LONGEST)];
    let end = ahead.iter().position(|unit| unit.byte == b';')?;
    let name: String = ahead[..end]
        .iter()
        .map(|unit| char::from(unit.byte))
        .collect();
    let c = match name.strip_prefix('#') {
        None => {
            let (_, c) = NAMED.iter().find(|(known, _)| *known == name)?;
            *c
        }
        Some(digits) => {
            let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => (hex, 16),
                None => (digits, 10),
            };
            char::from_u32(u32::from_str_radix(digits, radix).ok()?)?
        }
    };
    Some((Meaning::Char(c), end + 2))
}

#[cfg(test)]
mod tests {
    use super::layers;

    fn last(text: &str) -> String {
        let layers = layers(text);
        let bytes = layers.last().unwrap().iter().map(|unit| unit.byte);
        String::from_utf8(bytes.collect()).unwrap()
    }

    #[test]
    fn every_layer_of_quoting_comes_off() {
        for text in [
            "a+b/c",
            r"a\u002Bb\/c",
            "a&#43;b&#x2F;c",
            "a%2bb%2Fc",
            "a%252Bb/c",
            "a&amp;#x2b;b&sol;c",
            r"a\\u002bb\\\/c",
            r"a\x2bb/c",
        ] {
            assert_eq!(last(text), "a+b/c", "{text}");
        }
        for plain in [
            "50 % & more \\ of it",
            "&;",
            "%",
            "\\",
            "&#x110000;",
            "\\ud800",
        ] {
            assert_eq!(last(plain), plain);
        }
        assert_eq!(last("%E4%BD%A0"), "你");
    }

    #[test]
    fn a_unit_knows_where_it_stood() {
        let found = layers("x%252By").pop().unwrap();
        let plus = found.iter().find(|unit| unit.byte == b'+').unwrap();
        assert_eq!((plus.from, plus.to), (1, 6));
    }
}
