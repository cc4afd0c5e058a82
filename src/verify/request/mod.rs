//! Parts of a request that providers sign: its URL, headers, parameters and fields.

mod form;
mod forwarded;
mod header;
mod json_pointer;
mod multipart;
mod url;

#[cfg(feature = "asymmetric")]
pub(crate) use self::url::endpoint_url;
pub(crate) use self::{
    form::{Parameters, all_sorted_parameters, form_field, only_parameter, parameter, sorted_parameters},
    forwarded::Proxies,
    header::{optional_header, signed_headers, single_header},
    json_pointer::{scan, without_bom},
    multipart::multipart_field,
    url::{UrlSource, called_path, called_url, unescaped_url, url_pieces},
};
