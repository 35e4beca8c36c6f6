//! Wallets of the people in the stories.

use alloy::primitives::Address;
use conet_bindings::RouteTable::KeySet;
use conet_chain::key_set;
use conet_wire::openpgp::{
    Decryptor, Handle, Identity, PublicCertificate, SubkeySecret, WalletSecret,
};

use crate::now_seconds;

/// A wallet with the keys of all its epochs.
#[derive(Debug, Clone)]
pub struct Wallet {
    /// The secret.
    pub secret: WalletSecret,
    /// The newest epoch.
    pub identity: Identity,
    decryptor: Decryptor,
}

impl Wallet {
    /// A new one.
    ///
    /// # Panics
    /// Never, unless the library fails.
    #[must_use]
    pub fn new() -> Self {
        let secret = WalletSecret::generate(&mut rand::rng());
        let identity = Identity::derive(&secret).expect("an identity");
        let decryptor = identity.decryptor();
        Self { secret, identity, decryptor }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.secret.address()
    }

    /// What opens mail to it, of all epochs.
    #[must_use]
    pub fn decryptor(&self) -> &Decryptor {
        &self.decryptor
    }

    /// Goes on to a new encryption key; mail to the old one still opens.
    pub fn rotate(&mut self) {
        self.rotate_to(&SubkeySecret::generate(&mut rand::rng()), now_seconds());
    }

    /// Goes on to this encryption key, made at `created`.
    ///
    /// # Panics
    /// Never, unless the library fails.
    pub fn rotate_to(&mut self, subkey: &SubkeySecret, created: u64) {
        let epoch = self.identity.epoch() + 1;
        self.identity =
            Identity::with_subkey(&self.secret, epoch, subkey, created).expect("an identity");
        self.decryptor.add(&self.identity);
    }

    /// The keys as the contracts take them.
    #[must_use]
    pub fn keys(&self) -> KeySet {
        key_set(&self.identity).into()
    }

    /// Its v6 certificate.
    ///
    /// # Panics
    /// Never: it was made here.
    #[must_use]
    pub fn certificate(&self) -> PublicCertificate {
        let handle = Handle::V6(self.identity.handle());
        let bytes = self.identity.certificate();
        PublicCertificate::parse(bytes, self.address(), handle, now_seconds()).expect("ours")
    }

    /// Its v4 certificate.
    ///
    /// # Panics
    /// Never: it was made here.
    #[must_use]
    pub fn certificate_v4(&self) -> PublicCertificate {
        let handle = Handle::V4(self.identity.handle_v4());
        let bytes = self.identity.certificate_v4();
        PublicCertificate::parse(bytes, self.address(), handle, now_seconds()).expect("ours")
    }
}

impl Default for Wallet {
    fn default() -> Self {
        Self::new()
    }
}
