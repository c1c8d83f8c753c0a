//! The bytes of a tar archive out of one gzip member or one zstd frame: block by block, bounded, to the last byte.

use std::io::Read as _;

use flate2::bufread::GzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};
use thiserror::Error;

use crate::reason::Code;

/// Bytes of a block of tar.
pub(super) const BLOCK: usize = 512;

/// The unpacked bytes.
pub(super) struct Stream<'a> {
    packing: Packing<'a>,
    packed: u64,
    unpacked: u64,
}

/// What the tar archive is packed with.
enum Packing<'a> {
    Gzip(GzDecoder<&'a [u8]>),
    Zstd(Box<StreamingDecoder<&'a [u8], FrameDecoder>>),
}

impl<'a> Stream<'a> {
    /// Out of one gzip member.
    pub(super) fn gzip(bytes: &'a [u8]) -> Self {
        Self { packing: Packing::Gzip(GzDecoder::new(bytes)), packed: bytes.len() as u64, unpacked: 0 }
    }

    /// Out of one zstd frame (RFC 8878) if the bytes begin as one, otherwise out of one gzip member.
    pub(super) fn any(bytes: &'a [u8]) -> Result<Self, StreamFault> {
        if !bytes.starts_with(&ZSTD) {
            return Ok(Self::gzip(bytes));
        }
        let frame = StreamingDecoder::new_with_max_window_size(bytes, WINDOW).map_err(|_| StreamFault::Zstd)?;
        Ok(Self { packing: Packing::Zstd(Box::new(frame)), packed: bytes.len() as u64, unpacked: 0 })
    }

    /// The next header; none at the end, behind which nothing stands.
    pub(super) fn header(&mut self) -> Result<Option<[u8; BLOCK]>, StreamFault> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block != [0; BLOCK] {
            return Ok(Some(block));
        }
        self.fill(&mut block)?;
        if block != [0; BLOCK] {
            return Err(StreamFault::LoneZeros);
        }
        self.end()?;
        Ok(None)
    }

    /// The whole content of an entry that is read into memory.
    pub(super) fn text(&mut self, size: u64, limit: u64) -> Result<Vec<u8>, StreamFault> {
        if size > limit {
            return Err(StreamFault::LongText(limit));
        }
        let mut text = Vec::new();
        self.content(size, |bytes| text.extend_from_slice(bytes))?;
        Ok(text)
    }

    /// The content of an entry, piece by piece, and what fills its last block.
    pub(super) fn content(&mut self, size: u64, mut take: impl FnMut(&[u8])) -> Result<(), StreamFault> {
        let mut piece = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE)).next_multiple_of(BLOCK)];
        let mut left = size;
        while left > 0 {
            let blocks = left.next_multiple_of(BLOCK as u64).min(piece.len() as u64);
            let piece = &mut piece[..usize::try_from(blocks).unwrap_or(BLOCK)];
            self.fill(piece)?;
            let content = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            take(&piece[..content]);
            left -= content as u64;
        }
        Ok(())
    }

    /// Makes sure that only zeros follow, and that what the archive is packed with ends with the file.
    fn end(&mut self) -> Result<(), StreamFault> {
        let mut rest = [0; PIECE];
        loop {
            match self.some(&mut rest)? {
                0 => break,
                length if rest[..length].iter().any(|byte| *byte != 0) => return Err(StreamFault::Behind),
                _ => {}
            }
        }
        let rest = match &self.packing {
            Packing::Gzip(member) => *member.get_ref(),
            Packing::Zstd(frame) => {
                let (said, found) = (frame.decoder.get_checksum_from_data(), frame.decoder.get_calculated_checksum());
                if said.is_some_and(|said| found != Some(said)) {
                    return Err(StreamFault::Zstd);
                }
                *frame.get_ref()
            }
        };
        match (rest.is_empty(), &self.packing) {
            (true, _) => Ok(()),
            (false, Packing::Gzip(_)) => Err(StreamFault::BehindGzip),
            (false, Packing::Zstd(_)) => Err(StreamFault::BehindZstd),
        }
    }

    fn fill(&mut self, mut buffer: &mut [u8]) -> Result<(), StreamFault> {
        while !buffer.is_empty() {
            match self.some(buffer)? {
                0 => return Err(StreamFault::Short),
                length => buffer = &mut buffer[length..],
            }
        }
        Ok(())
    }

    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, StreamFault> {
        let length = match &mut self.packing {
            Packing::Gzip(member) => member.read(buffer).map_err(|_| StreamFault::Gzip)?,
            Packing::Zstd(frame) => frame.read(buffer).map_err(|_| StreamFault::Zstd)?,
        };
        self.unpacked += length as u64;
        if self.unpacked > FREE && self.unpacked / RATIO > self.packed {
            return Err(StreamFault::Ratio);
        }
        Ok(length)
    }
}

/// What is wrong with the bytes as a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StreamFault {
    /// No gzip, cut short, or damaged.
    #[error("the archive is not gzip, is cut short, or is damaged")]
    Gzip,
    /// A zstd frame that is cut short or damaged, or wants more memory than it is given.
    #[error("the archive's zstd frame is cut short, is damaged, or wants a window of more than {} MiB", WINDOW >> 20)]
    Zstd,
    /// The tar archive ends in the middle.
    #[error("the archive ends within an entry, or without the two blocks of zeros that end it")]
    Short,
    /// One block of zeros, with more behind it.
    #[error("one block of zeros stands alone within the archive, where some readers end and others go on")]
    LoneZeros,
    /// Something behind the end of the tar archive.
    #[error("bytes other than zero follow the end of the tar archive")]
    Behind,
    /// Something behind the gzip member.
    #[error("bytes follow the gzip member; an archive is one member and nothing else")]
    BehindGzip,
    /// Something behind the zstd frame.
    #[error("bytes follow the zstd frame; an archive is one frame and nothing else")]
    BehindZstd,
    /// A header that speaks of an entry which does not come.
    #[error("the archive ends where the entry should come of which the last header speaks")]
    Dangling,
    /// A name or extended header over its limit.
    #[error("a name or extended header is over the limit of {0} bytes")]
    LongText(u64),
    /// More than any honest archive unpacks to.
    #[error("the archive unpacks to more than {RATIO} times its size")]
    Ratio,
}

impl StreamFault {
    pub(super) fn code(self) -> Code {
        match self {
            Self::Ratio => Code::ArchiveRatio,
            Self::LongText(_) => Code::ArchivePax,
            _ => Code::ArchiveFraming,
        }
    }
}

/// How a zstd frame begins.
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// Bytes that a zstd frame may look back: as many as the program makes use of at its highest level.
const WINDOW: u64 = 128 << 20;
/// Bytes that are unpacked at once.
const PIECE: usize = 64 << 10;
/// How many times its own size an archive may unpack to: deflate makes at most 1,032 of zeros, and source code far less.
const RATIO: u64 = 200;
/// Bytes that every archive may unpack to.
const FREE: u64 = 10 << 20;
