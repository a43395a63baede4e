//! Ended memberships whose rows are under the keys of present ones, as versions with one key left them.

mod common;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use common::empty_tables;
use confab_app::ports::{
    CommitOutcome, Consistency, Groups, InboxRow, Inboxes, Joining, MarkReadOutcome, NewVersion, RowChange,
};
use confab_domain::group::{Change, Role};
use confab_domain::log::Attempt;
use confab_domain::{
    Alerts, Content, ConversationId, Group, GroupId, Joined, Kind, MembershipLimits, Message, Seq, Timestamp,
    UserId,
};
use confab_store_dynamodb::Store;
use futures_util::future::{join, join_all};
use ulid::Ulid;

const NOW: Timestamp = Timestamp::from_ms(1_790_000_000_000);
const TABLE: &str = "test-inboxes";

struct Place {
    client: Client,
    store: Store,
    owner: UserId,
    user: UserId,
}

fn seq(n: u64) -> Seq {
    Seq::new(n).expect("a position")
}

impl Place {
    async fn new() -> Self {
        let (client, tables) = empty_tables().await;
        let [owner, user] = [1, 2].map(|n| UserId::new(Ulid(n)));
        Self { client: client.clone(), store: Store::new(client, tables), owner, user }
    }

    async fn joining(&self, user: UserId) -> Joining {
        let seen = self.store.membership_count(user).await.expect("a store");
        let limits = MembershipLimits { groups: u64::MAX, unanswered: u64::MAX };
        let next = seen.unwrap_or_default().joined(false, limits).expect("room");
        Joining { user, added_by: None, seen, next }
    }

    fn entry(&self, group: GroupId, n: u64, (kind, content): (Kind, Content)) -> Message {
        Message {
            conversation: ConversationId::Group(group),
            seq: seq(n),
            sender: self.owner,
            client_message_id: format!("entry-{n}").parse().expect("a key"),
            content,
            kind,
            sent_at: NOW,
            attempt: Attempt(0),
            expires_at: None,
            mark_revision: 0,
        }
    }

    /// Creates a group in which the user was from 1 to 2, and had read up to 1.
    async fn group_left_in_place(&self, n: u128) -> Group {
        let group =
            Group::new(GroupId::new(Ulid(n)), "Climbing", self.owner, [self.user], NOW).expect("a group");
        let conversation = ConversationId::Group(group.id);
        for user in [self.owner, self.user] {
            let joining = self.joining(user).await;
            let joined = self.store.join(conversation, Seq::FIRST, &joining).await.expect("a store");
            assert_eq!(joined, CommitOutcome::Done);
        }
        let first = self.entry(group.id, 1, group.first_entry(self.owner));
        self.store.create_group(&group, &first).await.expect("a store");
        let read = self.store.mark_read(self.user, conversation, Seq::FIRST).await.expect("a store");
        assert_eq!(read, MarkReadOutcome::Moved(Alerts::default()));
        let removed = Change::Removed(self.user);
        let (next, entry) = (group.after(&removed, seq(2), NOW), self.entry(group.id, 2, removed.entry()));
        let version = NewVersion { group: &next, entry: &entry, row: None };
        assert_eq!(self.store.commit(version).await.expect("a store"), CommitOutcome::Done);
        self.client
            .update_item()
            .table_name(TABLE)
            .key("user", AttributeValue::S(self.user.to_string()))
            .key("conversation", AttributeValue::S(conversation.to_string()))
            .update_expression("SET past[8] = :ended REMOVE past[0], joined_seq")
            .expression_attribute_values(":ended", AttributeValue::S("1 2".to_owned()))
            .send()
            .await
            .expect("a row");
        next
    }

    async fn is_at(&self, key: &str) -> bool {
        let row = self
            .client
            .get_item()
            .table_name(TABLE)
            .key("user", AttributeValue::S(self.user.to_string()))
            .key("conversation", AttributeValue::S(key.to_owned()));
        row.send().await.expect("a table").item.is_some()
    }

    async fn get(&self, group: &Group) -> Option<InboxRow> {
        self.store
            .get(self.user, ConversationId::Group(group.id), Consistency::Strong)
            .await
            .expect("a store")
    }

    /// Lets the user join again at 3, and retries while other requests are first.
    async fn comes_back(&self, group: &Group) {
        let added = Change::Added(self.user, Role::Member);
        let (next, entry) = (group.after(&added, seq(3), NOW), self.entry(group.id, 3, added.entry()));
        for _ in 0..100 {
            let row = Some(RowChange::Join(self.joining(self.user).await));
            let version = NewVersion { group: &next, entry: &entry, row };
            if self.store.commit(version).await.expect("a store") == CommitOutcome::Done {
                return;
            }
        }
        panic!("the user lost every race");
    }
}

fn times(past: &[(u64, u64)], since: Option<u64>) -> Joined {
    Joined::new(past.iter().map(|(first, last)| (seq(*first), seq(*last))).collect(), since.map(seq))
}

#[tokio::test]
async fn the_row_is_found_but_not_listed_and_the_first_list_moves_it() {
    let place = Place::new().await;
    let group = place.group_left_in_place(7).await;
    let [before, after] = [group.id.to_string(), format!("left#{}", group.id)];
    let row = place.get(&group).await.expect("a row");
    assert_eq!((row.joined.clone(), row.read_seq), (times(&[(1, 2)], None), Some(seq(1))));
    assert_eq!(
        place.store.list(place.user, None, 10, Consistency::Eventual).await.expect("a store").rows,
        []
    );
    assert_eq!(
        [place.is_at(&before).await, place.is_at(&after).await],
        [true, false],
        "an eventually consistent list moves no row"
    );
    for _ in 0..2 {
        assert_eq!(
            place.store.list(place.user, None, 10, Consistency::Strong).await.expect("a store").rows,
            []
        );
        assert_eq!([place.is_at(&before).await, place.is_at(&after).await], [false, true]);
        assert_eq!(place.get(&group).await.as_ref(), Some(&row));
    }
    place.comes_back(&group).await;
    assert_eq!([place.is_at(&before).await, place.is_at(&after).await], [true, false]);
    let expected = InboxRow { joined: times(&[(1, 2)], Some(3)), ..row };
    assert_eq!(place.get(&group).await, Some(expected));
}

#[tokio::test]
async fn a_user_who_joins_again_before_the_row_has_moved_keeps_it() {
    let place = Place::new().await;
    let group = place.group_left_in_place(7).await;
    place.comes_back(&group).await;
    assert_eq!(
        place.store.list(place.user, None, 10, Consistency::Strong).await.expect("a store").rows.len(),
        1
    );
    assert_eq!(place.get(&group).await.expect("a row").joined, times(&[(1, 2)], Some(3)));
}

#[tokio::test]
async fn a_user_who_joins_again_while_lists_move_the_row_loses_nothing() {
    let place = Place::new().await;
    for n in 0..40 {
        let group = place.group_left_in_place(100 + n).await;
        let lists = join_all((0..4).map(|_| place.store.list(place.user, None, 500, Consistency::Strong)));
        let (_, lists) = join(place.comes_back(&group), lists).await;
        assert!(lists.iter().all(Result::is_ok));
        let row = place.get(&group).await.expect("a row");
        assert_eq!((row.joined, row.read_seq), (times(&[(1, 2)], Some(3)), Some(seq(1))));
        assert!(!place.is_at(&format!("left#{}", group.id)).await);
    }
}
