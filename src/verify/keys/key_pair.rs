//! Key pairs with which tests sign requests, as a provider does with its private key.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA512, RsaKeyPair, RsaSignatureEncoding,
    },
};

use super::PublicKind;
use crate::{secret::SignWith, verify::signing::CannotSign};

/// Generates a key pair. Returns the public key in DER, and a function that signs with the private key.
pub(crate) fn key_pair(kind: PublicKind) -> Result<(Vec<u8>, SignWith), CannotSign> {
    match kind {
        PublicKind::Ed25519 => {
            let pair = Ed25519KeyPair::generate().map_err(|_| generation_failed())?;
            let public = der(pair.public_key())?;
            Ok((public, Arc::new(move |message| Some(pair.sign(message).as_ref().to_vec()))))
        }
        PublicKind::EcdsaP256Sha256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
            let pair = pair.map_err(|_| generation_failed())?;
            let public = der(pair.public_key())?;
            let sign = move |message: &[u8]| pair.sign(&SystemRandom::new(), message).ok();
            Ok((public, Arc::new(move |message| Some(sign(message)?.as_ref().to_vec()))))
        }
        PublicKind::RsaSha256 => rsa(&RSA_PKCS1_SHA256),
        PublicKind::RsaSha512 => rsa(&RSA_PKCS1_SHA512),
        _ => Err(CannotSign::new("algorithm can only be verified")),
    }
}

fn rsa(encoding: &'static RsaSignatureEncoding) -> Result<(Vec<u8>, SignWith), CannotSign> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| generation_failed())?;
    let public = der(pair.public_key())?;
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    };
    Ok((public, Arc::new(sign)))
}

fn der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<Vec<u8>, CannotSign> {
    Ok(key.as_der().map_err(|_| generation_failed())?.as_ref().to_vec())
}

fn generation_failed() -> CannotSign {
    CannotSign::new("key pair could not be generated")
}
