//! A wallet's own certificates and the secrets of their subkeys.

use std::fmt;

use alloy::primitives::Address;
use rand::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    decryptor::{Decryptor, Subkey},
    error::KeyError,
    keys::{EPOCH_ZERO_TIME, WalletSecret},
    packets::{self, armor, failed},
    verify::Handle,
};

/// The random subkeys of one rotation, v6 and v4. The wallet secret does not
/// restore them: the keystore holds them and destroys them after the overlap.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SubkeySecret {
    v6: [u8; 32],
    v4: [u8; 32],
}

impl SubkeySecret {
    /// Draws new subkeys.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut secret = Self { v6: [0; 32], v4: [0; 32] };
        rng.fill_bytes(&mut secret.v6);
        rng.fill_bytes(&mut secret.v4);
        secret
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. Any bytes are a secret.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut secret = Self { v6: [0; 32], v4: [0; 32] };
        let (v6, v4) = bytes.split_at(32);
        secret.v6.copy_from_slice(v6);
        secret.v4.copy_from_slice(v4);
        secret
    }

    /// The secrets for the keystore: v6, then v4.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        let (v6, v4) = bytes.split_at_mut(32);
        v6.copy_from_slice(&self.v6);
        v4.copy_from_slice(&self.v4);
        bytes
    }
}

impl fmt::Debug for SubkeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubkeySecret(..)")
    }
}

/// What a device or node holds of one epoch: both certificates to publish and
/// the secrets of their encryption subkeys.
///
/// The primary secrets are used while it is made and then forgotten.
#[derive(Clone)]
pub struct Identity {
    wallet: Address,
    epoch: u64,
    certificate: Vec<u8>,
    certificate_v4: Vec<u8>,
    handle: [u8; 32],
    handle_v4: [u8; 20],
    subkeys: [Subkey; 2],
}

impl Identity {
    /// The identity of epoch 0, from the wallet secret alone. The same secret
    /// gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Library`] if the cryptographic library fails.
    pub fn derive(secret: &WalletSecret) -> Result<Self, KeyError> {
        let subkeys = SubkeySecret {
            v6: *secret.derive("v6/encryption")?,
            v4: *secret.derive("v4/encryption")?,
        };
        Self::build(secret, 0, &subkeys, EPOCH_ZERO_TIME)
    }

    /// The identity of a later epoch: the same primary keys with the subkeys
    /// of a rotation made at `created` (unix seconds), and only those. The same
    /// arguments give the same bytes.
    ///
    /// # Errors
    ///
    /// [`KeyError::Time`] if OpenPGP cannot write `created` down, else as
    /// [`derive`](Self::derive).
    pub fn with_subkey(
        secret: &WalletSecret,
        epoch: u64,
        subkey: &SubkeySecret,
        created: u64,
    ) -> Result<Self, KeyError> {
        Self::build(secret, epoch, subkey, created)
    }

    fn build(
        secret: &WalletSecret,
        epoch: u64,
        subkey: &SubkeySecret,
        created: u64,
    ) -> Result<Self, KeyError> {
        let wallet = secret.address();
        let times = [packets::time(EPOCH_ZERO_TIME)?, packets::time(created)?];
        let subkey_v6 = packets::subkey_v6(&subkey.v6, times[1]).map_err(failed("v6 subkey"))?;
        let subkey_v4 = packets::subkey_v4(&subkey.v4, times[1]).map_err(failed("v4 subkey"))?;
        let subkeys = [Subkey::new(&subkey_v6, &subkey.v6)?, Subkey::new(&subkey_v4, &subkey.v4)?];

        // Another subkey or time is another message to sign, and gets its own salt.
        let binding_salt = match epoch {
            0 => "v6/salt/2".to_owned(),
            _ => format!("v6/salt/2/{epoch}/{}", subkeys[0].fingerprint()),
        };
        let salts = [
            *secret.derive("v6/salt/0")?,
            *secret.derive("v6/salt/1")?,
            *secret.derive(&binding_salt)?,
        ];
        let certificate = packets::certificate_v6(
            &*secret.derive("v6/primary")?,
            wallet,
            &subkey_v6,
            times,
            &salts,
        )
        .map_err(failed("v6 certificate"))?;
        let certificate_v4 =
            packets::certificate_v4(&*secret.derive("v4/primary")?, wallet, &subkey_v4, times)
                .map_err(failed("v4 certificate"))?;

        let [handle, handle_v4] = &subkeys;
        let (handle, handle_v4) = (handle.fingerprint_bytes()?, handle_v4.fingerprint_bytes()?);
        Ok(Self { wallet, epoch, certificate, certificate_v4, handle, handle_v4, subkeys })
    }

    /// The wallet whose address is the User ID.
    #[must_use]
    pub fn wallet(&self) -> Address {
        self.wallet
    }

    /// Which rotation this is; 0 is the derived one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The public v6 certificate, binary.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The public v4 certificate, binary.
    #[must_use]
    pub fn certificate_v4(&self) -> &[u8] {
        &self.certificate_v4
    }

    /// The fingerprint of the v6 encryption subkey: what senders name and
    /// relays route by.
    #[must_use]
    pub fn handle(&self) -> [u8; 32] {
        self.handle
    }

    /// The fingerprint of the v4 encryption subkey.
    #[must_use]
    pub fn handle_v4(&self) -> [u8; 20] {
        self.handle_v4
    }

    /// The public v6 certificate in ASCII armor.
    #[must_use]
    pub fn armored(&self) -> String {
        armor(&self.certificate, 6)
    }

    /// The public v4 certificate in ASCII armor.
    #[must_use]
    pub fn armored_v4(&self) -> String {
        armor(&self.certificate_v4, 4)
    }

    /// The keys of this epoch, to [`open`](super::open) with.
    #[must_use]
    pub fn decryptor(&self) -> Decryptor {
        Decryptor::from_iter([self])
    }

    pub(super) fn subkeys(&self) -> &[Subkey; 2] {
        &self.subkeys
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("wallet", &self.wallet)
            .field("epoch", &self.epoch)
            .field("handle", &Handle::V6(self.handle))
            .field("handle_v4", &Handle::V4(self.handle_v4))
            .finish_non_exhaustive()
    }
}
