//! Web3 secret storage, version 3: what other wallets read and write too.

use alloy::primitives::{Address, keccak256};
use aws_lc_rs::{
    cipher::{
        AES_128, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
        UnboundCipherKey,
    },
    constant_time::verify_slices_are_equal,
    iv::FixedLength,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{KeystoreError, Password};

/// scrypt's work for a password, as a power of two: 128 MiB and some tenths of a second.
const WORK_LOG2: u8 = 17;
/// No work protects an empty password.
const WORK_LOG2_EMPTY: u8 = 12;
/// The most work that a file may ask of us.
const WORK_LOG2_MAX: u8 = 20;
const BLOCK_MAX: u32 = 16;
const PARALLEL_MAX: u32 = 16;

/// The file, as the standard names its fields.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    version: u8,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    /// Optional in the standard; ours always have it, so that listing needs no password.
    #[serde(default)]
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
}

#[derive(Debug, Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    ciphertext: String,
    cipherparams: CipherParameters,
    kdf: String,
    kdfparams: Scrypt,
    mac: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct CipherParameters {
    iv: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Scrypt {
    dklen: usize,
    n: u64,
    p: u32,
    r: u32,
    salt: String,
}

type Key = Zeroizing<[u8; 32]>;

impl File {
    /// Seals a wallet's secret under a password.
    pub(super) fn seal(
        secret: &[u8; 32],
        address: Address,
        password: &Password,
    ) -> Result<Self, KeystoreError> {
        let work = if password.is_empty() { WORK_LOG2_EMPTY } else { WORK_LOG2 };
        let salt: [u8; 32] = rand::random();
        let iv: [u8; 16] = rand::random();
        let parameters = Scrypt { dklen: 32, n: 1 << work, p: 1, r: 8, salt: hex::encode(salt) };
        let key = parameters.derive(password)?;
        let (cipher_key, mac_key) = key.split_at(16);
        let mut ciphertext = secret.to_vec();
        UnboundCipherKey::new(&AES_128, cipher_key)
            .and_then(EncryptingKey::ctr)
            .and_then(|key| {
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                key.less_safe_encrypt(&mut ciphertext, context)
            })
            .map_err(|_| KeystoreError::Crypto)?;
        let mac = keccak256([mac_key, &ciphertext].concat());
        Ok(Self {
            version: 3,
            id: random_uuid(),
            address: Some(hex::encode(address)),
            crypto: Crypto {
                cipher: "aes-128-ctr".into(),
                ciphertext: hex::encode(ciphertext),
                cipherparams: CipherParameters { iv: hex::encode(iv) },
                kdf: "scrypt".into(),
                kdfparams: parameters,
                mac: hex::encode(mac),
            },
        })
    }

    /// The secret inside.
    pub(super) fn open(&self, password: &Password) -> Result<Key, KeystoreError> {
        self.check_form()?;
        let crypto = &self.crypto;
        let key = crypto.kdfparams.derive(password)?;
        let (cipher_key, mac_key) = key.split_at(16);
        let mut secret = Zeroizing::new(bytes::<32>(&crypto.ciphertext, "ciphertext")?);
        let mac = keccak256([mac_key, secret.as_slice()].concat());
        let expected = bytes::<32>(&crypto.mac, "mac")?;
        if verify_slices_are_equal(mac.as_slice(), &expected).is_err() {
            return Err(KeystoreError::WrongPassword);
        }
        let iv = bytes::<16>(&crypto.cipherparams.iv, "iv")?;
        UnboundCipherKey::new(&AES_128, cipher_key)
            .and_then(DecryptingKey::ctr)
            .and_then(|key| {
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                key.decrypt(secret.as_mut_slice(), context).map(drop)
            })
            .map_err(|_| KeystoreError::Crypto)?;
        Ok(secret)
    }

    /// The address, if the file names one.
    pub(super) fn address(&self) -> Option<Address> {
        let bytes = bytes::<20>(self.address.as_deref()?, "address").ok()?;
        Some(Address::from(bytes))
    }

    fn check_form(&self) -> Result<(), KeystoreError> {
        let crypto = &self.crypto;
        for (what, expected, found) in [
            ("version", "3", self.version.to_string().as_str()),
            ("cipher", "aes-128-ctr", crypto.cipher.as_str()),
            ("kdf", "scrypt", crypto.kdf.as_str()),
        ] {
            if expected != found {
                return Err(KeystoreError::Form(format!(
                    "expected {what} {expected}, found {found}"
                )));
            }
        }
        Ok(())
    }
}

impl Scrypt {
    fn derive(&self, password: &Password) -> Result<Key, KeystoreError> {
        let bad = |what: &str| KeystoreError::Form(format!("scrypt's {what} is out of bounds"));
        let work = u8::try_from(self.n.trailing_zeros()).map_err(|_| bad("n"))?;
        if !self.n.is_power_of_two() || work == 0 || work > WORK_LOG2_MAX {
            return Err(bad("n"));
        }
        if self.r == 0 || self.r > BLOCK_MAX || self.p == 0 || self.p > PARALLEL_MAX {
            return Err(bad("r or p"));
        }
        if self.dklen != 32 {
            return Err(bad("dklen"));
        }
        let salt = hex::decode(&self.salt).map_err(|_| bad("salt"))?;
        let parameters =
            scrypt::Params::new(work, self.r, self.p, 32).map_err(|_| bad("parameters"))?;
        let mut key = Zeroizing::new([0; 32]);
        scrypt::scrypt(password.as_bytes(), &salt, &parameters, key.as_mut_slice())
            .map_err(|_| KeystoreError::Crypto)?;
        Ok(key)
    }
}

fn bytes<const N: usize>(text: &str, what: &str) -> Result<[u8; N], KeystoreError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes)
        .map_err(|error| KeystoreError::Form(format!("{what}: {error}")))?;
    Ok(bytes)
}

/// A version 4 UUID, which the standard asks for.
fn random_uuid() -> String {
    let random: u128 = rand::random();
    let uuid = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let text = format!("{uuid:032x}");
    let at = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", at(0, 8), at(8, 12), at(12, 16), at(16, 20), at(20, 32))
}
