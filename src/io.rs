//! Files in and out: what an input is (text, binary, in which encoding), and outputs that are whole or not there. It
//! knows nothing of rules; `job` brings the two together.

mod labelled;
mod npy;
mod text;
mod write;

pub use labelled::{Row, read_rows};
pub use npy::write_npy;
pub use text::{Content, Text, encoding_of};
pub use write::{Pending, Permissions};
