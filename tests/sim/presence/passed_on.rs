//! The stores of an invocation in which no bug is planted.

use confab_app::ports::{
    Account, CommitOutcome, CreateUserOutcome, Devices, Groups, Inboxes, Joining, NewVersion, ProfileChange,
    StoreError, Users,
};
use confab_domain::account::{Handle, Profile};
use confab_domain::device::Device;
use confab_domain::{ConversationId, Group, GroupId, MembershipCount, Message, Seq, UserId};

use super::server::Server;
use crate::passed_on::{pass_on_groups, pass_on_rate_limits, pass_on_users};
use crate::passed_on_inboxes::pass_on_inboxes;

pass_on_users!(Server<'_>);
pass_on_groups!(Server<'_>);

pass_on_rate_limits!(Server<'_>);

impl Inboxes for Server<'_> {
    pass_on_inboxes!(claim renew_claim release_claim open leave forget list);
    pass_on_inboxes!(replace_alerts get mark_read mute accept_adds);
}
