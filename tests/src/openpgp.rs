//! OpenPGP messages that nobody honest makes, cut from honest ones.

/// The two packets of a message: its encrypted session key, and the rest.
///
/// # Panics
/// When it does not start with a session key packet of one octet of length.
#[must_use]
pub fn split(message: &[u8]) -> (&[u8], &[u8]) {
    assert_eq!(message[0], 0xc1, "a session key packet in new framing");
    assert!(message[1] < 192, "a short packet");
    message.split_at(2 + usize::from(message[1]))
}

/// One message for several: all session key packets, then the first one's content.
///
/// # Panics
/// When there is no message.
#[must_use]
pub fn for_several(messages: &[&[u8]]) -> Vec<u8> {
    let keys = messages.iter().flat_map(|message| split(message).0.to_vec());
    keys.chain(split(messages[0]).1.to_vec()).collect()
}

/// A v6 message whose recipient is left out: whoever can open it is meant.
///
/// # Panics
/// When it is no v6 message.
#[must_use]
pub fn to_nobody(message: &[u8]) -> Vec<u8> {
    const HANDLE: usize = 33;
    let (key, rest) = split(message);
    // Version, then the length of key version and fingerprint.
    assert_eq!((key[2], usize::from(key[3])), (6, HANDLE), "a v6 session key packet");
    let length = key[1] - u8::try_from(HANDLE).expect("small");
    let mut bytes = vec![0xc1, length, 6, 0];
    bytes.extend_from_slice(&key[4 + HANDLE..]);
    bytes.extend_from_slice(rest);
    bytes
}

/// The same message with another version of its session key packet.
#[must_use]
pub fn with_key_version(message: &[u8], version: u8) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes[2] = version;
    bytes
}

/// The same message with another version of its encrypted data packet.
///
/// # Panics
/// When its packets are not as expected.
#[must_use]
pub fn with_data_version(message: &[u8], version: u8) -> Vec<u8> {
    let (key, rest) = split(message);
    assert_eq!(rest[..2], [0xd2, 0xff], "an encrypted data packet with five octets of length");
    let mut bytes = message.to_vec();
    bytes[key.len() + 6] = version;
    bytes
}
