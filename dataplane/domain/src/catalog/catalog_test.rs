//! The rules of each change, and what every change keeps: tiling, totals, and objects that restore to the same catalog.

mod accounts_and_settings;
mod consumers;
mod resharding;
mod resharding_laws;
mod storage;
mod streams;
