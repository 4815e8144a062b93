//! The verdict lab: worlds whose truth is known, what the program says of them, and whether that is
//! so. `draw` makes them, `run` lets the program judge them, `judge` holds its words against the
//! truth; none of the three knows how the others do it.

pub mod draw;
pub mod judge;
pub mod known_wrong;
pub mod noise;
pub mod run;
pub mod studies;
pub mod tier1;
pub mod tier2;
