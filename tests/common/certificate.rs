//! Certificates for keys that tests fetch.

use bytes::Bytes;

/// Returns a DER certificate for a public key, valid from 2000 to 2049. Its signature is not checked.
pub fn certificate(public_key: &[u8]) -> Bytes {
    fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        let length = match u16::try_from(content.len()).unwrap().to_be_bytes() {
            [0, short @ ..=127] => vec![short],
            [high, low] => vec![0x82, high, low],
        };
        [&[tag], &*length, &*content].concat()
    }
    const SEQUENCE: u8 = 0x30;
    let rsa_with_sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    let algorithm = tlv(SEQUENCE, &[&[6, 9], &rsa_with_sha256, &[5, 0]]);
    let name = tlv(SEQUENCE, &[]);
    let validity = tlv(SEQUENCE, &[&[23, 13], b"000101000000Z", &[23, 13], b"491231235959Z"]);
    let (version, serial) = ([0xa0, 3, 2, 1, 2], [2, 1, 1]);
    let signed = tlv(SEQUENCE, &[&version, &serial, &algorithm, &name, &validity, &name, public_key]);
    tlv(SEQUENCE, &[&signed, &algorithm, &[3, 2, 0, 0]]).into()
}
