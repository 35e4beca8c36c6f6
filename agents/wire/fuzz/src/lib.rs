//! The targets for libFuzzer; see `scripts/fuzz`.

pub mod targets;

/// Writes a target's valid inputs to the folder in `FUZZ_SEEDS`, if it is set,
/// before libFuzzer reads its folders.
///
/// # Panics
/// When they cannot be written.
pub fn write_seeds(name: &str) {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (index, sample) in (targets::target(name).samples)().iter().enumerate() {
        std::fs::write(folder.join(format!("sample-{index}")), sample).unwrap();
    }
}

/// The entry point of a target's binary.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(
            init: $crate::write_seeds($name),
            |data: &[u8]| ($crate::targets::target($name).run)(data)
        );
    };
}
