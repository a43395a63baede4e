//! Two users who change their friendship concurrently.

use futures_util::future::join_all;
use tests::{Chat, User, ids};

/// What one user's list shows of another user.
#[derive(Debug, PartialEq)]
enum Seen {
    Friend,
    Request,
    Requested,
    Nothing,
}

async fn seen(by: &User, of: &User) -> Seen {
    let all = by.contacts().await;
    let is_in = |rows: &[_]| ids(rows).contains(&of.id);
    match [is_in(&all.contacts), is_in(&all.requests), is_in(&all.requested)] {
        [true, false, false] => Seen::Friend,
        [false, true, false] => Seen::Request,
        [false, false, true] => Seen::Requested,
        [false, false, false] => Seen::Nothing,
        _ => panic!("listed more than once: {all:?}"),
    }
}

#[tokio::test]
async fn two_users_who_add_each_other_concurrently_are_friends() {
    for _ in 0..10 {
        let [alice, bob] = Chat::new().users().await;
        let (alices, bobs) = tokio::join!(alice.put_contact(&bob), bob.put_contact(&alice));
        let (alices, bobs) = (alices.ok(), bobs.ok());
        assert!(alices["friends"] == true || bobs["friends"] == true, "{alices} {bobs}");
        assert_eq!((seen(&alice, &bob).await, seen(&bob, &alice).await), (Seen::Friend, Seen::Friend));
    }
}

#[tokio::test]
async fn the_lists_of_two_users_agree_after_many_concurrent_changes() {
    for round in 0..10 {
        // A user may change the contact with the same user no more than ten times.
        let [alice, bob] = Chat::new().users().await;
        join_all((0..12).map(async |n| {
            let (one, other) = if n % 2 == 0 { (&alice, &bob) } else { (&bob, &alice) };
            if (n / 2 + round) % 3 == 0 {
                one.remove_contact(other).await;
            } else {
                one.put_contact(other).await.ok();
            }
        }))
        .await;
        let both = (seen(&alice, &bob).await, seen(&bob, &alice).await);
        let agree = match &both {
            (Seen::Friend, other) | (other, Seen::Friend) => *other == Seen::Friend,
            (Seen::Request, other) | (other, Seen::Request) => *other == Seen::Requested,
            (Seen::Requested, other) | (other, Seen::Requested) => *other == Seen::Nothing,
            (Seen::Nothing, Seen::Nothing) => true,
        };
        assert!(agree, "{both:?}");
        alice.put_contact(&bob).await.ok();
        assert_eq!(bob.put_contact(&alice).await.ok()["friends"], true);
        assert_eq!((seen(&alice, &bob).await, seen(&bob, &alice).await), (Seen::Friend, Seen::Friend));
    }
}

#[tokio::test]
async fn a_removal_concurrent_with_a_request_leaves_lists_that_agree() {
    for _ in 0..10 {
        let [alice, bob] = Chat::new().users().await;
        alice.put_contact(&bob).await.ok();
        tokio::join!(alice.remove_contact(&bob), async { bob.put_contact(&alice).await.ok() });
        assert_eq!(seen(&bob, &alice).await, Seen::Requested);
        let alices = seen(&alice, &bob).await;
        assert!([Seen::Request, Seen::Nothing].contains(&alices), "{alices:?}");
    }
}
