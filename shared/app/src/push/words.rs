//! The text of an alert.

use confab_domain::notification::{Alert, Wording};

use super::Context;
use super::task::Subject;
use crate::ports::{Direction, MessageLog, Range, Users};

/// Words an alert. Where they cannot be read, the sender's name is "Somebody", and the text is left out.
pub(super) async fn worded(
    context: &Context<'_, impl Users + MessageLog, impl Sync, impl Sync>,
    subject: &Subject<'_>,
) -> Alert {
    let (profiles, text) =
        futures_util::future::join(context.store.profiles(&[subject.sender]), preview(context, subject))
            .await;
    let name = profiles.ok().and_then(|mut profiles| profiles.pop()).map(|profile| profile.display_name);
    let sender = name.as_deref().unwrap_or("Somebody");
    let (title, body) = Wording { sender, group: subject.group, text: text.as_deref() }.lines();
    Alert { seq: subject.seq, sender: subject.sender, sent_at: subject.sent_at, title, body }
}

async fn preview(
    context: &Context<'_, impl MessageLog, impl Sync, impl Sync>,
    subject: &Subject<'_>,
) -> Option<String> {
    if !context.preview {
        return None;
    }
    let range = Range { from: subject.seq, to: subject.seq, direction: Direction::Up };
    let page = context.store.page(subject.conversation, range, 1).await.ok()?;
    page.entries.into_iter().next()?.content.text
}
