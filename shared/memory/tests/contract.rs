//! The in-memory stores keep the contract of every adapter.

use std::num::NonZeroU32;

use confab_memory::Memory;

mod whole_pages {
    use super::Memory;

    confab_contract::suite!(block_on = confab_contract::block_on, store = Memory::default());
}

/// Pages of at most two entries, as a store with large entries cuts them.
mod cut_pages {
    use super::{Memory, NonZeroU32};

    const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

    confab_contract::suite!(
        block_on = confab_contract::block_on,
        store = Memory::default().with_page_max(TWO)
    );
}
