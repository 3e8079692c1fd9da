//! Learning from labelled tickets, and measuring what was learnt.
//!
//! [`dataset`] makes texts a sparse matrix, [`solver`] finds the weights of one label, [`trainer`] chooses the settings, trains
//! all labels and calibrates, [`judging`] measures on tickets that a model has not seen, [`evaluation`] has the measures.
//! [`reviewed`] checks what people wrote into review sheets, [`store`] keeps it.

pub mod calibrate;
pub mod dataset;
pub mod evaluation;
pub mod judging;
pub mod reviewed;
pub mod solver;
pub mod store;
pub mod trainer;

pub use trainer::{Trained, Trainer};
