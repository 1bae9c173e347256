//! The test kit, tested with itself.

mod assertions;
mod callbacks;
mod chaos;
mod concurrency;
mod flavours;
mod isolation;
mod leaks;
mod load;
mod logs;
mod monkey;
mod observation;
mod supervised;
mod support;
mod time_outs;
mod without_macro;
