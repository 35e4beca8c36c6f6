use super::*;
use crate::limits::OLD_SUBKEY_SECONDS;
use conet_wire::openpgp::{Handle, OpenLimits, PublicCertificate, open, seal};

const SECRET: &str = "0x4646464646464646464646464646464646464646464646464646464646464646";

fn keystore() -> (tempfile::TempDir, Keystore) {
    let home = tempfile::tempdir().unwrap();
    let keystore = Keystore::new(home.path());
    (home, keystore)
}

fn password() -> Password {
    Password::new("Peter and Bobo".into())
}

fn certificate(identity: &Identity) -> PublicCertificate {
    let (bytes, wallet) = (identity.certificate(), identity.wallet());
    let now = clock::unix_seconds() + 10;
    PublicCertificate::parse(bytes, wallet, Handle::V6(identity.handle()), now).unwrap()
}

#[test]
fn a_wallet_comes_back_with_its_password_only() {
    let (_home, keystore) = keystore();
    let made = keystore.import("bobo", SECRET, &password()).unwrap();
    let opened = keystore.open("bobo", &password()).unwrap();
    assert_eq!(opened.address(), made.address());
    assert_eq!(opened.export().as_str(), SECRET.trim_start_matches("0x"));
    let wrong = keystore.open("bobo", &Password::new("Eve".into())).unwrap_err();
    assert!(matches!(wrong, KeystoreError::WrongPassword));
    assert_eq!(keystore.list().unwrap(), [keystore.show("bobo").unwrap()]);
}

#[test]
fn a_file_of_another_program_opens() {
    // From go-ethereum's test data.
    let (home, keystore) = keystore();
    std::fs::create_dir_all(home.path().join("wallets")).unwrap();
    let json = r#"{"address":"7ef5a6135f1fd6a02593eedc869c6d41d934aef8","crypto":{"cipher":"aes-128-ctr","ciphertext":"1d0839166e7a15b9c1333fc865d69858b22df26815ccf601b28219b6192974e1","cipherparams":{"iv":"8df6caa7ff1b00c4e871f002cb7921ed"},"kdf":"scrypt","kdfparams":{"dklen":32,"n":8,"p":16,"r":8,"salt":"e5e6ef3f4ea695f496b643ebd3f75c0aa58ef4070e90c80c5d3fb0241bf1595c"},"mac":"6d16dfde774845e4585357f24bce530528bc69f4f84e1e22880d34fa45c273e5"},"id":"950077c7-71e3-4c44-a4a1-143919141ed4","version":3}"#;
    std::fs::write(home.path().join("wallets/other.json"), json).unwrap();
    let opened = keystore.open("other", &Password::new("foobar".into())).unwrap();
    assert_eq!(opened.address(), keystore.show("other").unwrap().address);
}

#[test]
fn a_name_is_taken_once_and_leads_nowhere_else() {
    let (_home, keystore) = keystore();
    keystore.import("bobo", SECRET, &Password::default()).unwrap();
    let again = keystore.create("bobo", &Password::default()).unwrap_err();
    assert!(matches!(again, KeystoreError::Exists { .. }));
    for name in ["", ".", "../bobo", "a/b", "a b", &"x".repeat(65)] {
        let refused = keystore.create(name, &Password::default()).unwrap_err();
        assert!(matches!(refused, KeystoreError::Name { .. }), "{name}");
    }
}

#[test]
fn work_without_bounds_is_refused() {
    let (home, keystore) = keystore();
    keystore.import("bobo", SECRET, &Password::default()).unwrap();
    let path = home.path().join("wallets/bobo.json");
    let json = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [("\"n\":4096", "\"n\":1073741824"), ("\"r\":8", "\"r\":4096")] {
        assert!(json.contains(from));
        std::fs::write(&path, json.replace(from, to)).unwrap();
        let refused = keystore.open("bobo", &Password::default()).unwrap_err();
        assert!(matches!(refused, KeystoreError::Form(_)), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let (home, keystore) = keystore();
    keystore.import("bobo", SECRET, &Password::default()).unwrap();
    let mode = |path: &str| home.path().join(path).metadata().unwrap().permissions().mode();
    assert_eq!(mode("wallets/bobo.json") & 0o077, 0);
    assert_eq!(mode("wallets") & 0o077, 0);
}

#[test]
fn rotated_keys_survive_and_old_mail_still_opens() {
    let (_home, keystore) = keystore();
    let wallet = keystore.import("bobo", SECRET, &Password::default()).unwrap();
    let before = wallet.identity().unwrap();
    let next = wallet.begin_rotation(1).unwrap();
    // Not published yet: the old one is still current, and both open mail.
    assert_eq!(wallet.identity().unwrap().handle(), before.handle());
    wallet.confirm_rotation(1).unwrap();

    let again = keystore.open("bobo", &Password::default()).unwrap();
    assert_eq!((again.epoch(), again.identity().unwrap().handle()), (1, next.handle()));
    assert_eq!(again.begin_rotation(1).unwrap().handle(), next.handle());
    let keys = again.decryptor().unwrap();
    for identity in [&before, &next] {
        let sealed = seal(b"hello", &certificate(identity)).unwrap();
        let opened = open(&sealed, &keys, OpenLimits::default()).unwrap();
        assert_eq!(opened.plaintext.as_slice(), b"hello");
    }
}

#[test]
fn rotated_keys_are_destroyed_after_their_overlap() {
    let secret = WalletSecret::from_bytes(&[7; 32]).unwrap();
    let mut subkeys = Subkeys::default();
    for epoch in 1..=3 {
        subkeys.begin(&secret, epoch, 1_800_000_000).unwrap();
        subkeys.confirm(epoch, 1_800_000_000 + u64::from(epoch));
    }
    assert_eq!(subkeys.decryptor(&secret, 1_800_000_010).unwrap().len(), 8);
    let later = 1_800_000_003 + OLD_SUBKEY_SECONDS;
    assert_eq!(subkeys.decryptor(&secret, later).unwrap().len(), 2);
    subkeys.confirm(3, later);
    assert!(!subkeys.has(1) && !subkeys.has(2) && subkeys.has(3));
}

#[test]
fn a_damaged_file_of_rotated_keys_is_noticed() {
    let secret = WalletSecret::from_bytes(&[7; 32]).unwrap();
    let mut subkeys = Subkeys::default();
    subkeys.begin(&secret, 1, 1_800_000_000).unwrap();
    let sealed = subkeys.seal(&secret).unwrap();
    assert!(Subkeys::open(&sealed, &secret).is_ok());
    for at in (0..sealed.len()).step_by(7) {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        assert!(Subkeys::open(&bad, &secret).is_err(), "byte {at}");
    }
    let other = WalletSecret::from_bytes(&[8; 32]).unwrap();
    assert!(Subkeys::open(&sealed, &other).is_err());
}
