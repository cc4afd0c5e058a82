//! What is right, worked out plainly and slowly from what the crate's documentation promises, with none
//! of its code and with other crates' hashes.

pub(crate) mod json;
pub(crate) mod jwt;
pub(crate) mod multipart;
pub(crate) mod scheme;
pub(crate) mod text;
