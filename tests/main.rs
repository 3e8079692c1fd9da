//! The one test binary. `README.md` beside it says how to add a test.

mod browser;
mod cases;
mod corpus;
mod crashes;
mod deliver;
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
mod pages;
mod pollution;
mod review;
mod run;
mod story;
mod surroundings;
mod workbooks;
