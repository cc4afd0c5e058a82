//! A slow and simple implementation of what the crate's documentation promises. It shares no code with the
//! crate, and takes hashes from another library.

pub(crate) mod json;
pub(crate) mod jwt;
pub(crate) mod md5;
pub(crate) mod multipart;
pub(crate) mod scheme;
pub(crate) mod text;
