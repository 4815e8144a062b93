//! Studies: how the instrument behaves over many runs of one world, as tables.

pub mod mixed;
pub mod overload;
pub mod quick;
mod uniform;
pub mod until;
