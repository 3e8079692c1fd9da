mod clean;
mod generated;
mod masked;
mod properties;
