//! Checks what must hold for every phrase and text, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::phrases::check(data));
