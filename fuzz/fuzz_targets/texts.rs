//! Checks what must hold for every text at every level, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::texts::check(data));
