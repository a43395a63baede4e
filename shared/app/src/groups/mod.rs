//! Groups.
//!
//! | file | contents |
//! |---|---|
//! | `change_group` | creates a group and changes it. Start here |
//! | `admission` | decides whether a user may be added |

pub mod admission;
pub mod change_group;
