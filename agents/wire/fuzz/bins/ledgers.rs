#![no_main]

conet_wire_fuzz::fuzz!("ledgers");
