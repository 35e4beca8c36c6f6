//! OpenPGP: a wallet's certificates and the two layers of a message.
