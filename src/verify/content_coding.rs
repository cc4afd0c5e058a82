//! The content coding of a request body: `content-encoding: gzip`.

use std::{error::Error, fmt, io};

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_ENCODING};

use super::without_bom;

#[cfg(feature = "compression")]
use self::decoding::Decoding;

/// The content coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    /// The gzip format (RFC 1952).
    Gzip,
    /// The zlib format (RFC 1950), which RFC 9110 calls `deflate`. Bare DEFLATE data is not accepted, because
    /// it has no header that distinguishes it from text: pretty-printed JSON begins with a valid stream. If
    /// bare DEFLATE data were accepted, an attacker could change the payload of a captured request by adding
    /// `content-encoding: deflate`.
    Deflate,
    /// Another coding, or several.
    Other,
}

/// The limits of a decoded body.
#[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "nothing is decoded"))]
pub(crate) struct DecodedLimits<'c> {
    /// The largest length in bytes.
    pub(crate) bytes: usize,
    /// `true` once the signature of the body is verified. Until then, the compression ratio is limited as
    /// well.
    pub(crate) is_verified: bool,
    /// Charges decoded bytes to the buffer budget. Returns `false` if they exceed it.
    pub(crate) charge: &'c mut (dyn FnMut(usize) -> bool + Send),
}

impl ContentCoding {
    /// Returns the coding of a body; `None` if it is not encoded.
    #[inline]
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.contains_key(CONTENT_ENCODING).then(|| Self::listed(headers)).flatten()
    }

    #[cold]
    fn listed(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(CONTENT_ENCODING).iter();
        let codings = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
        let mut codings = codings.map(<[u8]>::trim_ascii);
        let mut encoded =
            codings.by_ref().filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
        match (encoded.next()?.to_ascii_lowercase().as_slice(), encoded.next()) {
            (b"gzip" | b"x-gzip", None) => Some(Self::Gzip),
            (b"deflate", None) => Some(Self::Deflate),
            _ => Some(Self::Other),
        }
    }

    /// Returns whether a body looks encoded with this coding. A proxy may have decoded the body and kept the
    /// header, or an attacker may have added the header.
    pub(crate) fn fits(self, body: &[u8]) -> bool {
        match (self, body) {
            (_, []) => false,
            (Self::Gzip, body) => body.starts_with(b"\x1f\x8b"),
            (Self::Deflate, [method, flags, ..]) => {
                method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
            }
            (Self::Deflate, _) => false,
            // A body that is valid JSON is not encoded.
            (Self::Other, body) => {
                serde_json::from_slice::<serde::de::IgnoredAny>(without_bom(body)).is_err()
            }
        }
    }

    /// Decodes a body. Yields to other tasks after each step, because a short body can take long to decode.
    pub(crate) async fn decode<'b>(
        self,
        body: &'b [u8],
        limits: DecodedLimits<'b>,
    ) -> Result<Bytes, ContentError> {
        #[cfg(feature = "compression")]
        {
            let mut decoding = Decoding::new(self, body, limits)?;
            while decoding.step()? {
                tokio::task::yield_now().await;
            }
            Ok(decoding.finish())
        }
        #[cfg(not(feature = "compression"))]
        {
            let _ = (body, limits);
            Err(ContentError::Unsupported)
        }
    }

    /// Decodes a body like [`decode`](Self::decode), but without yielding, for tests.
    #[cfg(feature = "test-util")]
    pub(crate) fn decode_at_once(self, body: &[u8]) -> Result<Bytes, ContentError> {
        #[cfg(feature = "compression")]
        {
            let limits = DecodedLimits { bytes: usize::MAX, is_verified: true, charge: &mut |_| true };
            let mut decoding = Decoding::new(self, body, limits)?;
            while decoding.step()? {}
            Ok(decoding.finish())
        }
        #[cfg(not(feature = "compression"))]
        {
            let _ = body;
            Err(ContentError::Unsupported)
        }
    }
}

#[cfg(feature = "compression")]
mod decoding {
    use std::io::{self, BufRead, Read};

    use bytes::Bytes;
    use flate2::bufread::{GzDecoder, ZlibDecoder};

    use super::{ContentCoding, ContentError, DecodedLimits};

    /// The largest ratio of the decoded length of an unverified body to its encoded length. JSON rarely
    /// exceeds a ratio of 20.
    const MAX_RATIO: usize = 100;
    /// An unverified body may have any ratio if its decoded length in bytes is at most this.
    const SMALL: usize = 64 * 1024;
    /// The maximum number of bytes that are decoded in one step.
    const STEP: usize = 8 * 1024;
    /// The maximum number of encoded bytes that one step reads. If a step needs more of them before it
    /// produces output, it returns an error: decoding input that produces no output takes about half a second
    /// for each MiB.
    const INPUT: usize = 8 * 1024;
    /// The number of encoded bytes that the decoder gets at once. A step ends after a slice that produces
    /// output, so it normally reads less than `INPUT`.
    const SLICE: usize = 2 * 1024;

    /// A body that is being decoded.
    pub(super) struct Decoding<'b> {
        decoder: Decoder<'b>,
        decoded: Vec<u8>,
        limits: DecodedLimits<'b>,
        max: usize,
    }

    enum Decoder<'b> {
        Gzip(Box<GzDecoder<Metered<'b>>>),
        Zlib(Box<ZlibDecoder<Metered<'b>>>),
    }

    impl<'b> Decoding<'b> {
        pub(super) fn new(
            coding: ContentCoding,
            body: &'b [u8],
            limits: DecodedLimits<'b>,
        ) -> Result<Self, ContentError> {
            let input = Metered { rest: body, allowed: INPUT };
            let decoder = match coding {
                ContentCoding::Gzip => Decoder::Gzip(Box::new(GzDecoder::new(input))),
                ContentCoding::Deflate => Decoder::Zlib(Box::new(ZlibDecoder::new(input))),
                ContentCoding::Other => return Err(ContentError::Unsupported),
            };
            let max = match limits.is_verified {
                true => limits.bytes,
                false => limits.bytes.min(body.len().saturating_mul(MAX_RATIO).max(SMALL)),
            };
            Ok(Self { decoder, decoded: Vec::new(), limits, max })
        }

        /// Decodes the next bytes. Returns `false` at the end.
        pub(super) fn step(&mut self) -> Result<bool, ContentError> {
            let mut piece = [0; STEP];
            self.input().allowed = INPUT;
            let read = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.read(&mut piece),
                Decoder::Zlib(decoder) => decoder.read(&mut piece),
            };
            let piece = piece.get(..read.map_err(ContentError::Malformed)?).unwrap_or_default();
            if piece.is_empty() {
                // Data after the end is rejected: it would not be part of the payload, even if the signature
                // covers it.
                let rest = self.input().rest;
                let trailing = || io::Error::new(io::ErrorKind::InvalidData, "data after the end");
                return if rest.is_empty() { Ok(false) } else { Err(ContentError::Malformed(trailing())) };
            }
            if piece.len() > self.max - self.decoded.len() {
                return Err(ContentError::TooLarge);
            }
            if !(self.limits.charge)(piece.len()) {
                return Err(ContentError::OverBudget);
            }
            self.decoded.extend_from_slice(piece);
            Ok(true)
        }

        fn input(&mut self) -> &mut Metered<'b> {
            match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.get_mut(),
                Decoder::Zlib(decoder) => decoder.get_mut(),
            }
        }

        pub(super) fn finish(mut self) -> Bytes {
            // Frees the spare capacity, which does not count towards the budget.
            self.decoded.shrink_to_fit();
            self.decoded.into()
        }
    }

    /// The encoded body. One step may read only a limited part of it. Otherwise an attacker could send blocks
    /// without output, which take time but do not count towards the limits of the decoded body.
    struct Metered<'b> {
        rest: &'b [u8],
        allowed: usize,
    }

    impl Read for Metered<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut available = self.fill_buf()?;
            let length = available.read(buffer)?;
            self.consume(length);
            Ok(length)
        }
    }

    impl BufRead for Metered<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            let available = self.rest.get(..self.rest.len().min(self.allowed).min(SLICE)).unwrap_or_default();
            match available.is_empty() && !self.rest.is_empty() {
                true => {
                    Err(io::Error::new(io::ErrorKind::InvalidData, "too much encoded data without output"))
                }
                false => Ok(available),
            }
        }

        fn consume(&mut self, length: usize) {
            self.rest = self.rest.get(length..).unwrap_or_default();
            self.allowed = self.allowed.saturating_sub(length);
        }
    }
}

/// The error for a body that cannot be decoded.
#[derive(Debug)]
#[cfg_attr(not(feature = "compression"), allow(dead_code, reason = "nothing is decoded"))]
pub(crate) enum ContentError {
    /// The decoded body exceeds the body limit, or is too large for its encoded form.
    TooLarge,
    /// The decoded body exceeds the buffer budget.
    OverBudget,
    Unsupported,
    Malformed(io::Error),
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => {
                "decoded body exceeds the body limit, or 100 times the length of the encoded body"
            }
            Self::OverBudget => "decoded body exceeds the buffer budget",
            Self::Unsupported if cfg!(feature = "compression") => {
                "`content-encoding` is not `gzip` or `deflate`"
            }
            Self::Unsupported => {
                "body has a `content-encoding`; decoding it requires the feature `compression`"
            }
            Self::Malformed(_) => "body does not match its `content-encoding`",
        })
    }
}

impl Error for ContentError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};

    use super::ContentCoding::{self, Deflate, Gzip, Other};

    #[test]
    fn several_or_unknown_codings_are_other() {
        let of = |values: &[&'static str]| {
            let values = values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value)));
            ContentCoding::of(&values.collect::<HeaderMap>())
        };
        assert_eq!(of(&[]), None);
        assert_eq!((of(&["identity"]), of(&["", "Identity , identity"])), (None, None));
        assert_eq!(
            (of(&["gzip"]), of(&["x-GZIP"]), of(&["identity, gzip"])),
            (Some(Gzip), Some(Gzip), Some(Gzip))
        );
        assert_eq!(of(&["deflate"]), Some(Deflate));
        assert_eq!(
            (of(&["br"]), of(&["gzip, gzip"]), of(&["gzip", "deflate"])),
            (Some(Other), Some(Other), Some(Other))
        );
    }

    #[cfg(feature = "compression")]
    mod decoding {
        use std::io::Write;

        use flate2::{
            Compression,
            write::{DeflateEncoder, GzEncoder, ZlibEncoder},
        };

        use super::super::{ContentCoding, ContentError, DecodedLimits, decoding::Decoding};
        use crate::BoxError;

        macro_rules! encoded {
            ($encoder:ident, $text:expr) => {{
                let mut encoder = $encoder::new(Vec::new(), Compression::default());
                encoder.write_all($text)?;
                encoder.finish()?
            }};
        }

        fn decode(coding: ContentCoding, body: &[u8], bytes: usize) -> Result<bytes::Bytes, ContentError> {
            let limits = DecodedLimits { bytes, is_verified: false, charge: &mut |_| true };
            let mut decoding = Decoding::new(coding, body, limits)?;
            while decoding.step()? {}
            Ok(decoding.finish())
        }

        #[test]
        fn gzip_and_zlib_are_decoded() -> Result<(), BoxError> {
            let text = br#"{"id":"evt_1"}"#;
            assert_eq!(decode(ContentCoding::Gzip, &encoded!(GzEncoder, text), 99)?, &text[..]);
            assert_eq!(decode(ContentCoding::Deflate, &encoded!(ZlibEncoder, text), 99)?, &text[..]);
            let long: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
            assert_eq!(decode(ContentCoding::Gzip, &encoded!(GzEncoder, &long), long.len())?, long);
            // Data encoded without compression is longer than its decoded form.
            let stored = {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
                encoder.write_all(&long)?;
                encoder.finish()?
            };
            assert!(stored.len() > long.len());
            assert_eq!(decode(ContentCoding::Gzip, &stored, long.len())?, long);
            Ok(())
        }

        #[test]
        fn other_data_is_rejected() -> Result<(), BoxError> {
            let gzip = encoded!(GzEncoder, b"some text");
            let zlib = encoded!(ZlibEncoder, b"some text");
            for body in [
                &gzip[..gzip.len() - 3],
                &[&gzip[..], b"more"].concat(),
                &[&gzip[..], &gzip[..]].concat(),
                b"{}",
                b"\x1f\x8b",
            ] {
                assert!(
                    matches!(decode(ContentCoding::Gzip, body, 99), Err(ContentError::Malformed(_))),
                    "{body:?}"
                );
            }
            let deflate = encoded!(DeflateEncoder, b"some text");
            for body in [&zlib[..zlib.len() - 5], &zlib[..zlib.len() - 1]] {
                assert!(
                    matches!(decode(ContentCoding::Deflate, body, 99), Err(ContentError::Malformed(_))),
                    "{body:?}"
                );
            }
            for body in [&[&zlib[..], b"x"].concat(), &deflate, &b"{\n  \"a\":1}"[..], b"[\n {}]", b"{}"] {
                let malformed =
                    matches!(decode(ContentCoding::Deflate, body, 99), Err(ContentError::Malformed(_)));
                assert!(malformed, "{body:?}");
                assert_eq!(ContentCoding::Deflate.fits(body), body.starts_with(&zlib), "{body:?}");
            }
            assert!(matches!(decode(ContentCoding::Other, b"{}", 99), Err(ContentError::Unsupported)));
            Ok(())
        }

        #[test]
        fn the_limit_the_ratio_and_the_budget_each_end_the_decoding() -> Result<(), BoxError> {
            let body = encoded!(GzEncoder, &[b' '; 1000]);
            assert_eq!(decode(ContentCoding::Gzip, &body, 1000)?.len(), 1000);
            assert!(matches!(decode(ContentCoding::Gzip, &body, 999), Err(ContentError::TooLarge)));
            // DEFLATE reaches a ratio of 1,000.
            let bomb = encoded!(GzEncoder, &vec![0; 10 << 20]);
            let mut charged = 0;
            let mut charge = |bytes| {
                charged += bytes;
                true
            };
            let limits = DecodedLimits { bytes: usize::MAX, is_verified: false, charge: &mut charge };
            let mut decoding = Decoding::new(ContentCoding::Gzip, &bomb, limits)?;
            let end = loop {
                match decoding.step() {
                    Ok(true) => {}
                    end => break end,
                }
            };
            assert!(matches!(end, Err(ContentError::TooLarge)));
            drop(decoding);
            assert!(charged <= 100 * bomb.len(), "{charged}");
            let limits = DecodedLimits { bytes: 1000, is_verified: false, charge: &mut |_| false };
            let refused = Decoding::new(ContentCoding::Gzip, &body, limits)?.step();
            assert!(matches!(refused, Err(ContentError::OverBudget)));
            assert_eq!(ContentCoding::Gzip.decode_at_once(&bomb)?.len(), 10 << 20);
            Ok(())
        }

        /// Blocks without output would take half a second for each MiB.
        #[test]
        fn input_without_output_is_rejected_early() -> Result<(), BoxError> {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            for _ in 0..100_000 {
                encoder.flush()?;
                encoder.write_all(b"")?;
            }
            let flushed = encoder.finish()?;
            // A stored block without content, which is not the last.
            let empty = [&flushed[..10], &b"\0\0\0\xff\xff".repeat(200_000)].concat();
            // One byte of output: the first step succeeds, and the second fails.
            let one = [&flushed[..10], &b"\0\0\0\xff\xff".repeat(1000), b"\0\x01\0\xfe\xffx", &empty[10..]]
                .concat();
            let limits = DecodedLimits { bytes: usize::MAX, is_verified: false, charge: &mut |_| true };
            let mut decoding = Decoding::new(ContentCoding::Gzip, &one, limits)?;
            assert!(matches!(decoding.step(), Ok(true)));
            assert!(matches!(decoding.step(), Err(ContentError::Malformed(_))));
            let limits = DecodedLimits { bytes: usize::MAX, is_verified: false, charge: &mut |_| true };
            let mut decoding = Decoding::new(ContentCoding::Gzip, &empty, limits)?;
            assert!(matches!(decoding.step(), Err(ContentError::Malformed(_))));
            assert!(empty.len() > 900_000);
            Ok(())
        }
    }
}
