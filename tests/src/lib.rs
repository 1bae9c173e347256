//! Tests of the whole: what is shared by the test binaries, and the replayer of Erlang/OTP's traces.

pub mod probe;
pub mod replay;
