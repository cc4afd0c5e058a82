use std::{error::Error, fmt, ops::Deref, sync::Arc};

use crate::BoxError;

/// The payload as the type that the layer was asked for with
/// [`json`](crate::WebhookLayer::json), `form` or [`decode`](crate::WebhookLayer::decode).
///
/// It was parsed once. Clones share it. A delivery has no `Event` of any other type: the axum
/// extractors answer that 500, and in the extensions it is `None`.
pub struct Event<T>(Arc<T>);

impl<T> Event<T> {
    pub(crate) fn new(event: T) -> Self {
        Self(Arc::new(event))
    }

    /// The event itself: moved out if this is the only holder, else cloned.
    ///
    /// In an axum handler it is the only one. Elsewhere, take it out of the extensions with
    /// `extensions_mut().remove::<Event<T>>()` rather than `get`.
    #[must_use]
    pub fn into_inner(self) -> T
    where
        T: Clone,
    {
        Arc::unwrap_or_clone(self.0)
    }

    /// The event itself, if this is the only holder, for a `T` that cannot be cloned.
    ///
    /// # Errors
    ///
    /// Gives itself back if there is another holder.
    pub fn try_into_inner(self) -> Result<T, Self> {
        Arc::try_unwrap(self.0).map_err(Self)
    }
}

impl<T> Clone for Event<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Event<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&*self.0).finish()
    }
}

/// A payload that is not of the type it should be.
///
/// Its [`source`](Error::source) says why, and may quote the payload; `Debug` does not.
pub struct DecodeError(BoxError);

impl DecodeError {
    pub(super) fn new(error: impl Into<BoxError>) -> Self {
        Self(error.into())
    }

    /// An error of the function that decodes, which may be one of these already.
    pub(super) fn from_any(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(error) => Self(error),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError").finish_non_exhaustive()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the payload could not be decoded")
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
