//! Signatures of an archive group over a statement, in the one form that contracts take. Pinned by
//! `contracts/test/vectors/archive.json`, which Foundry checks too.
//!
//! ```text
//! Statement ── digest ──► each seat signs ──► Certificate::assemble ──► the statement's contract
//! ```

use alloy::primitives::{Address, B256, Bytes, Signature};
use serde::{Deserialize, Serialize};

use crate::{ArchiveGroups, Cash, ChainAnchor, ForcedExits, Slasher};

/// The most seats that a group can have: a certificate's bitmap is one word of 32 bits, and groups stay below it.
pub const SEATS_MAX: usize = 31;

/// Why signatures are no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The bytes are no signature, or its s is high: contracts take one form only.
    #[error("expected a signature of 64 bytes (ERC-2098) with a low s, found {found}")]
    NotASignature {
        /// What was given.
        found: Bytes,
    },
    /// Not one of the group's signers over this digest.
    #[error("expected the signature of one of the group's seats, found that of {signer}")]
    NoSeat {
        /// Who signed, if it signed this digest.
        signer: Address,
    },
    /// Too few seats signed.
    #[error("expected the signatures of at least {needed} of {seats} seats, found {found}")]
    QuorumMissing {
        /// How many it takes.
        needed: usize,
        /// How many seats there are.
        seats: usize,
        /// How many signed.
        found: usize,
    },
    /// The bitmap names a seat that there is not.
    #[error("expected seats 0 to {last} in the certificate, found the bitmap {bitmap:#b}")]
    SeatUnknown {
        /// The bitmap.
        bitmap: u32,
        /// The last seat.
        last: usize,
    },
    /// Not 64 bytes for each seat that signed.
    #[error("expected {expected} bytes of signatures, found {found}")]
    Length {
        /// 64 for each.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A seat's signature is not its signer's.
    #[error("expected the signature of seat {seat} from {signer}, found another's")]
    SignatureInvalid {
        /// The seat.
        seat: usize,
        /// Who sits there.
        signer: Address,
    },
    /// More signers than a group has.
    #[error("expected 1 to {SEATS_MAX} seats, found {found}")]
    Seats {
        /// How many.
        found: usize,
    },
}

/// Signatures of more than two thirds of a group's seats. See `types/Certificate.sol`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The group.
    pub group: u32,
    /// Its epoch.
    pub epoch: u64,
    /// Who signed: bit i is seat i.
    pub seats: u32,
    /// 64 bytes for each bit set, the lowest first.
    pub signatures: Bytes,
}

/// How many seats must sign: more than two thirds.
#[must_use]
pub const fn quorum(seats: usize) -> usize {
    2 * seats / 3 + 1
}

/// One seat's signature in the form that certificates hold: 64 bytes, ERC-2098.
#[must_use]
pub fn compact(signature: &Signature) -> Bytes {
    signature.normalized_s().as_erc2098().into()
}

/// Who made a compact signature over a digest.
///
/// # Errors
/// [`CertificateError::NotASignature`].
pub fn signer_of(digest: B256, signature: &[u8]) -> Result<Address, CertificateError> {
    let invalid = || CertificateError::NotASignature { found: Bytes::copy_from_slice(signature) };
    if signature.len() != SIGNATURE_LEN {
        return Err(invalid());
    }
    let parsed = Signature::from_erc2098(signature);
    if parsed.normalize_s().is_some() {
        return Err(invalid());
    }
    parsed.recover_address_from_prehash(&digest).map_err(|_| invalid())
}

/// Bytes of a signature.
const SIGNATURE_LEN: usize = 64;

impl Certificate {
    /// Puts compact signatures over `digest` in the order of `signers`, the group's seats. Who signed twice counts
    /// once.
    ///
    /// # Errors
    /// [`CertificateError::NoSeat`] for a stranger's signature, [`CertificateError::QuorumMissing`] when there are too
    /// few.
    pub fn assemble<'a>(
        digest: B256,
        (group, epoch): (u32, u64),
        signers: &[Address],
        signatures: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, CertificateError> {
        check_seats(signers)?;
        let mut by_seat: Vec<Option<&[u8]>> = vec![None; signers.len()];
        for signature in signatures {
            let signer = signer_of(digest, signature)?;
            let seat = signers.iter().position(|seated| *seated == signer);
            let place = seat.and_then(|seat| by_seat.get_mut(seat));
            *place.ok_or(CertificateError::NoSeat { signer })? = Some(signature);
        }
        let signed = by_seat.iter().enumerate().filter(|(_, signature)| signature.is_some());
        let seats = signed.fold(0_u32, |bitmap, (seat, _)| bitmap | 1 << seat);
        let signatures = by_seat.into_iter().flatten().flatten().copied().collect();
        let certificate = Self { group, epoch, seats, signatures };
        certificate.check_quorum(signers.len())?;
        Ok(certificate)
    }

    /// Checks it as the contracts do: `signers` are the seats of its group in its epoch.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify(&self, digest: B256, signers: &[Address]) -> Result<(), CertificateError> {
        check_seats(signers)?;
        if self.seats >> signers.len() != 0 {
            let (bitmap, last) = (self.seats, signers.len().saturating_sub(1));
            return Err(CertificateError::SeatUnknown { bitmap, last });
        }
        let count = self.check_quorum(signers.len())?;
        let (expected, found) = (SIGNATURE_LEN * count, self.signatures.len());
        if expected != found {
            return Err(CertificateError::Length { expected, found });
        }
        let signed = signers.iter().enumerate().filter(|(seat, _)| self.seats >> seat & 1 == 1);
        for ((seat, signer), signature) in signed.zip(self.signatures.chunks(SIGNATURE_LEN)) {
            if signer_of(digest, signature) != Ok(*signer) {
                return Err(CertificateError::SignatureInvalid { seat, signer: *signer });
            }
        }
        Ok(())
    }

    fn check_quorum(&self, seats: usize) -> Result<usize, CertificateError> {
        let (found, needed) = (self.seats.count_ones() as usize, quorum(seats));
        if found < needed {
            return Err(CertificateError::QuorumMissing { needed, seats, found });
        }
        Ok(found)
    }
}

fn check_seats(signers: &[Address]) -> Result<(), CertificateError> {
    match signers.len() {
        1..=SEATS_MAX => Ok(()),
        found => Err(CertificateError::Seats { found }),
    }
}

/// Each contract's own repetition of the shared type.
macro_rules! into_contracts {
    ($($contract:ident),*) => {
        $(
            impl From<Certificate> for $contract::Certificate {
                fn from(certificate: Certificate) -> Self {
                    let Certificate { group, epoch, seats, signatures } = certificate;
                    Self { group, epoch, seats, signatures }
                }
            }
        )*
    };
}

into_contracts!(ArchiveGroups, Cash, ChainAnchor, ForcedExits, Slasher);
