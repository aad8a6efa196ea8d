//! Duties.
use super::*;
