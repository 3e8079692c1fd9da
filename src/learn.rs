//! Learning from labelled tickets, and measuring what was learnt.
//!
//! [`dataset`] makes texts a sparse matrix, [`solver`] finds the weights of one label, [`trainer`] chooses the settings, trains
//! all labels and calibrates, [`judging`] measures on tickets that a model has not seen, [`evaluation`] has the measures.

pub mod calibrate;
pub mod dataset;
pub mod evaluation;
pub mod judging;
pub mod solver;
pub mod trainer;

pub use trainer::{Trained, Trainer};
