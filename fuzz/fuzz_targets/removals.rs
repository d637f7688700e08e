//! Checks what must hold for every removal record, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::removals::check(data));
