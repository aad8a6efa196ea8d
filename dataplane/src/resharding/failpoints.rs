//! Places between the steps of a reshard where a test may stop the process. Armed as the store's are
//! ([`anabranch_store::failpoints`]).

/// A reshard is accepted, none of its operations is begun.
pub const BEFORE_BEGIN: &str = "reshard-before-begin";
/// Children are in the catalog, their logs are not there.
pub const BEFORE_FORM: &str = "reshard-before-form";
/// Children's logs are there, a parent is not sealed.
pub const BEFORE_SEAL: &str = "reshard-before-seal";
/// Parents are sealed, a child is not activated: nobody takes records.
pub const BEFORE_ACTIVATE: &str = "reshard-before-activate";
/// Children are activated, the catalog does not know.
pub const BEFORE_FINISH: &str = "reshard-before-finish";
/// Children have taken over.
pub const AFTER_FINISH: &str = "reshard-after-finish";

/// Every point, in the order in which a split meets them.
pub const NAMES: [&str; 6] = [
    BEFORE_BEGIN,
    BEFORE_FORM,
    BEFORE_SEAL,
    BEFORE_ACTIVATE,
    BEFORE_FINISH,
    AFTER_FINISH,
];
