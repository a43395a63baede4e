//! Typing events.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use confab_domain::group::RECEIPT_AUDIENCE_MAX;
use confab_domain::rate::{Bucket, Rate};
use confab_domain::{ConversationId, Refusal, Timestamp, UserId, membership};
use confab_protocol::{ServerFrame, server};
use futures_util::future::try_join;

use crate::generations::Generations;
use crate::ports::{Connections, Consistency, Contacts, Groups, Inboxes, Sessions, StoreError};
use crate::{Error, delivery::announce};

/// How often a process lets one user send typing events. A client shows the event for 5 seconds, so it has no use for
/// more than one in that time and conversation.
const RATE: Rate = Rate { burst: 5, interval: Duration::from_secs(1) };

/// Maximum number of remembered users. Unit: users of about 50 bytes each.
const CAPACITY: usize = 10_000;

/// Users who sent typing events recently, kept while a process is warm.
///
/// Kept in memory alone: a write for each event would cost more than the event itself. Several processes together let
/// more through.
#[derive(Debug)]
pub struct Typists {
    buckets: Mutex<Generations<UserId, Bucket>>,
}

impl Default for Typists {
    fn default() -> Self {
        Self { buckets: Mutex::new(Generations::new(CAPACITY)) }
    }
}

impl Typists {
    fn take(&self, user: UserId, now: Timestamp) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = RATE.take(buckets.get(&user), now)?;
        buckets.put(user, bucket);
        Ok(())
    }
}

/// Notifies the other members of a 1:1 conversation that has a message, or of a group of up to
/// [`RECEIPT_AUDIENCE_MAX`] members, that `typist` writes. Nothing is stored. Members with a block between them and
/// the typist are not notified.
///
/// Before the first message of a 1:1 conversation nobody is notified: else a stranger could reach any user.
///
/// # Errors
///
/// [`Error::Refused`] for an outsider, and for too many events; [`Error::Store`].
pub async fn typing(
    store: &(impl Sessions + Contacts + Groups + Inboxes),
    connections: &impl Connections,
    typists: &Typists,
    typist: UserId,
    conversation: ConversationId,
    now: Timestamp,
) -> Result<(), Error> {
    typists.take(typist, now)?;
    let others = others(store, typist, conversation).await?;
    if others.is_empty() {
        return Ok(());
    }
    let (cut, is_begun) =
        try_join(store.relations(typist, &others), is_begun(store, typist, conversation)).await?;
    if !is_begun {
        return Ok(());
    }
    let cut: Vec<UserId> =
        cut.iter().filter(|contact| contact.relation.is_cut()).map(|contact| contact.other).collect();
    let recipients: Vec<UserId> = others.into_iter().filter(|user| !cut.contains(user)).collect();
    let event = ServerFrame::Typing(server::TypingEvent {
        conversation: conversation.to_string(),
        user: typist.to_string(),
    });
    announce::hint(store, connections, &recipients, None, &event, now).await;
    Ok(())
}

/// Whether a 1:1 conversation has begun. A group has: the user is a member of it.
async fn is_begun(
    inboxes: &impl Inboxes,
    typist: UserId,
    conversation: ConversationId,
) -> Result<bool, StoreError> {
    Ok(conversation.group().is_some()
        || inboxes.get(typist, conversation, Consistency::Strong).await?.is_some())
}

async fn others(
    groups: &impl Groups,
    typist: UserId,
    conversation: ConversationId,
) -> Result<Vec<UserId>, Error> {
    match conversation {
        ConversationId::Dm { lower, upper } => Ok(vec![membership::peer_of((lower, upper), typist)?]),
        ConversationId::Group(group) => {
            let group = groups.group(group).await?.ok_or(Refusal::NotFound("group"))?;
            group.role_of(typist)?;
            let few = group.members.len() <= RECEIPT_AUDIENCE_MAX;
            let members = group.members.into_keys().filter(|member| few && *member != typist);
            Ok(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_a_few_passes_and_then_one_per_second() {
        let (typists, user) = (Typists::default(), "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap());
        let now = Timestamp::from_ms(1_000);
        assert_eq!((0..9).filter(|_| typists.take(user, now).is_ok()).count(), 5);
        assert!(typists.take(user, now.plus(Duration::from_secs(1))).is_ok());
        assert!(typists.take("usr_01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap(), now).is_ok());
    }
}
