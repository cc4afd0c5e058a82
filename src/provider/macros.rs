//! The macro `providers!`, which defines the constructors of a provider module.

/// Expands to a `Make`. The argument is a scheme; after `@any_of`, a list of schemes; after `@by_hand`, a
/// function that takes the secrets and the profile.
macro_rules! make {
    (@ any_of $schemes:expr) => {
        $crate::provider::Make::AnyOf(|| $schemes.into())
    };
    (@ by_hand $make:expr) => {
        $crate::provider::Make::ByHand($make)
    };
    ($scheme:expr) => {
        $crate::provider::Make::Scheme(|| $scheme)
    };
}
pub(super) use make;

/// Defines a constructor. With the argument `Result`, the constructor returns a `Result`.
macro_rules! constructor {
    ($(#[$attribute:meta])* $constructor:ident) => {
        $(#[$attribute])*
        #[must_use]
        pub fn $constructor(secrets: impl $crate::IntoSecrets) -> $crate::provider::ProviderVerifier {
            rows::$constructor.infallible(secrets)
        }
    };
    ($(#[$attribute:meta])* $constructor:ident Result) => {
        $(#[$attribute])*
        ///
        /// # Errors
        ///
        /// Returns an error if a secret does not have the format described above.
        pub fn $constructor(
            secrets: impl $crate::IntoSecrets,
        ) -> Result<$crate::provider::ProviderVerifier, $crate::InvalidSecret> {
            rows::$constructor.verifier(secrets)
        }
    };
}
pub(super) use constructor;

/// Expands to `true` for a constructor that returns a `Result`.
macro_rules! fallible {
    () => {
        false
    };
    (Result) => {
        true
    };
}
pub(super) use fallible;

/// Defines a constructor and a row of the module's `ALL` for each entry.
///
/// A `-> Result` after the name marks a constructor that can fail, because not every text is a valid secret.
macro_rules! providers {
    ($(
        $(#[doc = $doc:literal])*
        $(#[cfg($gate:meta)])?
        $constructor:ident $(-> $fallible:ident)?: $id:literal, $name:literal,
            $source:literal,
            $(@ $kind:ident)? $scheme:expr
            $(, $fact:ident: $value:expr)* ;
    )+) => {
        pub(super) static ALL: &[&$crate::provider::Provider] = &[$($(#[cfg($gate)])? &rows::$constructor),+];

        pub(super) mod rows {
            use super::*;

            $(
                $(#[cfg($gate)])?
                #[allow(non_upper_case_globals, reason = "named like its constructor")]
                pub(in $crate::provider) static $constructor: $crate::provider::Provider = $crate::provider::Provider {
                    id: $id,
                    constructor: stringify!($constructor),
                    name: $name,
                    source: $source,
                    fallible: $crate::provider::fallible!($($fallible)?),
                    make: $crate::provider::make!($(@ $kind)? $scheme),
                    alias: None,
                    facts: $crate::provider::Facts {
                        $($fact: $value,)*
                        ..$crate::provider::Facts::NONE
                    },
                };
            )+
        }

        $(
            $crate::provider::constructor! {
                $(#[doc = $doc])*
                #[doc = concat!("* Source: [", $name, "](", $source, ").")]
                $(#[cfg($gate)] #[cfg_attr(docsrs, doc(cfg($gate)))])?
                $constructor $($fallible)?
            }
        )+
    };
}
pub(super) use providers;
