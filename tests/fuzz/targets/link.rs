#![no_main]
//! The engine's program for [`lookupd_fuzz::link`].

libfuzzer_sys::fuzz_target!(|input: &[u8]| lookupd_fuzz::link(input));
