//! The one test binary. `README.md` beside it says how to add a test.

mod cases;
mod corpus;
mod crashes;
mod desks;
mod discover;
mod encodings;
mod floors;
mod formats;
mod history;
mod init;
mod knowledge;
mod learn;
mod markup;
mod mask;
mod mutations;
mod nasty;
mod nights;
mod pollution;
mod review;
mod run;
mod service;
mod story;
mod surroundings;
mod workbooks;
