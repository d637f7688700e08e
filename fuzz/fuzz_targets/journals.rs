//! Checks what must hold for every journal and manifest, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::journals::check(data));
