//! Checks what must hold for every file of what was learned of sites, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::learned::check(data));
