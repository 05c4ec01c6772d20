//! All homes at once, as they are deployed: real nsqd and consumers around agents, the agents around the worker, the worker in
//! workerd; and what becomes of them when a part is killed, replaced or cut off.
//!
//! The long story, with a thousand agents, is `make soak`.

mod scene;

mod away;
mod completions;
mod discovery;
mod faults;
mod networks;
mod restarts;
