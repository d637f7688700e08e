//! Checks what must hold for every file of JSON Lines, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::json::check(data));
