//! Bodies that come compressed because the request asked for it.

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, Write};

/// An unpacker of a body as it comes: what each piece of it makes known is given out with that piece.
#[derive(Debug)]
pub enum BodyDecoder {
    /// `gzip`.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    /// `deflate`, whose first byte tells which of two forms it has.
    Unknown,
    /// `deflate` as the standard has it.
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    /// `deflate` as some servers have it: without a head.
    Raw(Box<DeflateDecoder<Vec<u8>>>),
}

impl BodyDecoder {
    /// The decoder for a `Content-Encoding`; none for codings that are not unpacked.
    pub fn of(coding: &str) -> Option<Self> {
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
            "deflate" => Some(Self::Unknown),
            _ => None,
        }
    }

    /// A value of `Accept-Encoding` asks for what can be unpacked.
    pub fn is_asked_for(accept: &str) -> bool {
        let mut codings = accept
            .split(',')
            .map(|one| one.split(';').next().unwrap_or(""));
        codings.any(|coding| Self::of(coding).is_some())
    }

    /// Unpacks what these bytes make known.
    ///
    /// # Errors
    /// As the unpacker: the bytes are not of this coding.
    pub fn unpack(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        if let (Self::Unknown, Some(first)) = (&self, bytes.first()) {
            const DEFLATE: u8 = 8;
            *self = if first & 0x0f == DEFLATE {
                Self::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
            } else {
                Self::Raw(Box::new(DeflateDecoder::new(Vec::new())))
            };
        }
        match self {
            Self::Unknown => Ok(Vec::new()),
            Self::Gzip(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Zlib(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Raw(decoder) => {
                decoder.write_all(bytes)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BodyDecoder;
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use std::io::Write;

    fn piece<W: Write>(encoder: &mut W, text: &str) {
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
    }

    #[test]
    fn g10_each_piece_is_known_when_it_has_come() {
        let parts = ["data: one\n\n", "data: two\n\n", "data: three\n\n"];
        let level = Compression::default();
        let (mut gzip, mut zlib, mut raw) = (
            GzEncoder::new(Vec::new(), level),
            ZlibEncoder::new(Vec::new(), level),
            DeflateEncoder::new(Vec::new(), level),
        );
        let mut decoders =
            ["gzip", "deflate", " Deflate "].map(|coding| BodyDecoder::of(coding).unwrap());
        for part in parts {
            piece(&mut gzip, part);
            piece(&mut zlib, part);
            piece(&mut raw, part);
            let packed = [
                std::mem::take(gzip.get_mut()),
                std::mem::take(zlib.get_mut()),
                std::mem::take(raw.get_mut()),
            ];
            for (decoder, packed) in decoders.iter_mut().zip(packed) {
                // Byte by byte, too.
                let (first, rest) = packed.split_at(packed.len() / 2);
                let mut known = decoder.unpack(first).unwrap();
                known.extend(decoder.unpack(rest).unwrap());
                assert_eq!(String::from_utf8(known).unwrap(), part);
            }
        }
        assert!(
            BodyDecoder::of("gzip")
                .unwrap()
                .unpack(b"data: plain\n\n")
                .is_err()
        );
        for other in ["br", "zstd", "identity", "", "gzip, br"] {
            assert!(BodyDecoder::of(other).is_none(), "{other}");
        }
        assert!(BodyDecoder::is_asked_for("br;q=0.5, GZIP;q=1"));
        assert!(!BodyDecoder::is_asked_for("identity, br"));
    }
}
