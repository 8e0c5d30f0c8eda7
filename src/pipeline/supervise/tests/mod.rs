//! Every path of failover, on engines and a picture that are made up.

mod desk;
mod paths;
mod random;

use desk::{Desk, Fake, Mutation, run};
