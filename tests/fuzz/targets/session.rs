#![no_main]
//! The engine's program for [`lookupd_fuzz::session`].

libfuzzer_sys::fuzz_target!(|input: &[u8]| lookupd_fuzz::session(input));
