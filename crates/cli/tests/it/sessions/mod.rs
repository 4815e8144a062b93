//! Sessions: conversations whose turns are all asked, each when the one before has been answered.

mod answers;
mod endings;
mod made;
mod play;
mod told;
