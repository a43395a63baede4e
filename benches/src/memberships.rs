//! The sync time of a device whose user is in the largest allowed number of groups.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use confab_app::ports::{CommitOutcome, Groups, Joining};
use confab_domain::group::Group;
use confab_domain::log::Attempt;
use confab_domain::{ConversationId, GroupId, MembershipLimits, Message, Seq, UserId};
use confab_lambda::clock;
use confab_store_dynamodb::Store;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Frame;
use ulid::Ulid;

use crate::client::Client;
use crate::data::store_in;
use crate::runner::Confab;

/// Returns a sentence with the figures.
pub(crate) async fn measure(binary: &Path, data: &Path, groups: u32) -> anyhow::Result<String> {
    let confab = Confab::start(binary, data).await?;
    let [member, stranger] = [
        Client::new(&confab.authority, "memberships_member").await?,
        Client::new(&confab.authority, "memberships_stranger").await?,
    ];
    confab.stop().await?;
    let store = store_in(data)?;
    for n in 0..groups {
        make_group(&store, n, stranger.user.parse()?, member.user.parse()?).await?;
    }
    drop(store);

    let confab = Confab::start(binary, data).await?;
    let mut member = member.reconnected(&confab.authority).await?;
    let begin = Instant::now();
    let (answers, conversations) = sync(&mut member).await?;
    let took_ms = begin.elapsed().as_millis();
    ensure!(conversations == groups as usize, "{conversations} of {groups} groups came");
    confab.stop().await?;
    Ok(format!("{took_ms} ms until a device without cursors has all of them ({answers} answers)"))
}

async fn make_group(store: &Store, n: u32, creator: UserId, other: UserId) -> anyhow::Result<()> {
    let now = clock::now();
    let group = Group::new(GroupId::new(Ulid(u128::from(n) + 1)), "A group", creator, [other], now)?;
    let (kind, content) = group.first_entry(creator);
    let first = Message {
        conversation: ConversationId::Group(group.id),
        seq: Seq::FIRST,
        sender: creator,
        client_message_id: "made".parse()?,
        content,
        kind,
        sent_at: now,
        attempt: Attempt(n),
        expires_at: None,
        mark_revision: 0,
    };
    for user in group.members.keys() {
        let seen = store.membership_count(*user).await?;
        let limits = MembershipLimits { groups: u64::MAX, unanswered: u64::MAX };
        let next = seen.unwrap_or_default().joined(false, limits).context("a count")?;
        let joining = Joining { user: *user, added_by: None, seen, next };
        let joined = store.join(first.conversation, first.seq, &joining).await?;
        ensure!(joined == CommitOutcome::Done, "another join was concurrent");
    }
    Ok(store.create_group(&group, &first).await?)
}

/// Syncs a device without cursors; returns the number of answers, and of conversations in them.
async fn sync(client: &mut Client) -> anyhow::Result<(usize, usize)> {
    let mut frame = json!({"action": "sync", "id": "s", "cursors": {}});
    let (mut answers, mut conversations) = (0, 0);
    client.send(frame.to_string()).await?;
    loop {
        let answer = loop {
            let Frame::Text(text) = client.next().await? else { continue };
            let answer: Value = serde_json::from_str(&text)?;
            if answer["id"] == "s" {
                break answer;
            }
        };
        if answer["type"] != "sync" {
            bail!("{answer}");
        }
        answers += 1;
        conversations += answer["conversations"].as_array().context("conversations")?.len();
        match answer.get("next") {
            Some(next) => {
                frame["after"] = next.clone();
                client.send(frame.to_string()).await?;
            }
            None if answer["complete"] == true => return Ok((answers, conversations)),
            None => {}
        }
    }
}
