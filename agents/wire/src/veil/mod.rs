//! The veil profile: nothing on the wire but random-looking bytes of a few sizes.
