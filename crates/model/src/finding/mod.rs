//! What `stats` finds, as data: what a level may claim and why not, who saw its hits, whether its
//! cold rounds were cold, what explains it. `report` has the words of each in both languages.

mod change;
mod cold_fact;
mod diagnosis;
mod judging;
mod remark;
mod witness;

pub use change::{ChangeCaveat, ChangeReason, Which};
pub use cold_fact::ColdFact;
pub use diagnosis::{CacheSeen, Diagnosis};
pub use judging::{
    Allowance, AllowanceSource, Class, ClassComparison, Judging, LostPairs, Overload, Reason,
    Repeated, Source,
};
pub use remark::{NoPrefillLine, Remark, Withheld};
pub use witness::{Replayed, SeenBy, Witness};
