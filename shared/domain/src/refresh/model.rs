//! Random histories of a login. Askers name attempts or none, answers get lost, tokens are used or not, and time
//! passes. Each decision is compared with the one that follows from the whole history.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::{NOW, device};
use super::*;

/// Programs that share a device's login; the last one is a thief's.
const ASKERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// An asker refreshes with its newest token, or an older one, and may never get the answer.
    Refresh {
        asker: usize,
        age: usize,
        attempt: Option<u8>,
        is_lost: bool,
    },
    /// An asker calls with the access token that came with its newest refresh token.
    Call {
        asker: usize,
    },
    /// An asker gets all tokens of another one, by a shared store or by theft.
    Copy {
        from: usize,
        to: usize,
    },
    Wait {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let asker = || 0..ASKERS;
    let refresh = (asker(), prop_oneof![3 => Just(0_usize), 1 => 1..4_usize], prop::option::of(0..3_u8));
    prop_oneof![
        6 => (refresh, prop::bool::weighted(0.3))
            .prop_map(|((asker, age, attempt), is_lost)| Step::Refresh { asker, age, attempt, is_lost }),
        3 => asker().prop_map(|asker| Step::Call { asker }),
        1 => (asker(), asker()).prop_map(|(from, to)| Step::Copy { from, to }),
        3 => prop::sample::select(vec![1, 20_000, 59_998, 60_000, 86_400_000]).prop_map(|ms| Step::Wait { ms }),
    ]
}

/// An event in the history of the login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A generation was made.
    Made { generation: u64, attempt: Option<u8>, at: Timestamp },
    /// An access token of a generation was used.
    Called { generation: u64 },
}

/// The decision that PROTOCOL.md prescribes for the history.
fn expected(history: &[Event], presented: u64, attempt: Option<u8>, now: Timestamp) -> RefreshDecision {
    let mut made = history.iter().filter_map(|event| match event {
        Event::Made { generation, attempt, at } => Some((*generation, *attempt, *at)),
        Event::Called { .. } => None,
    });
    let Some((current, by, first_answer)) = made.next_back() else { return RefreshDecision::Rotate };
    if presented == current {
        return RefreshDecision::Rotate;
    }
    let is_shared = now.since(first_answer) < Duration::from_secs(60);
    let was_used = history.contains(&Event::Called { generation: current });
    if presented + 1 == current && (is_shared || (attempt == by && !was_used)) {
        RefreshDecision::Repeat
    } else {
        RefreshDecision::Reuse
    }
}

fn named(attempt: Option<u8>) -> Option<RefreshAttempt> {
    attempt.map(|n| n.to_string().parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_token_is_answered_as_the_history_says(steps in prop::collection::vec(step(), 1..40)) {
        let (mut login, mut now, mut history) = (device(0, None), NOW, Vec::new());
        let mut tokens: [Vec<u64>; ASKERS] = [vec![0], vec![0], Vec::new()];
        for step in steps {
            match step {
                Step::Wait { ms } => now = now.plus(Duration::from_millis(ms)),
                Step::Copy { from, to } => tokens[to].clone_from(&tokens[from].clone()),
                Step::Call { asker } => {
                    let Some(generation) = tokens[asker].last().copied() else { continue };
                    let is_first = is_first_use(&login, Some(generation));
                    let was_used = history.contains(&Event::Called { generation });
                    prop_assert_eq!(is_first, generation == login.generation && generation > 0 && !was_used);
                    if let Some(rotation) = login.rotation.as_mut().filter(|_| is_first) {
                        rotation.is_used = true;
                    }
                    history.push(Event::Called { generation });
                }
                Step::Refresh { asker, age, attempt, is_lost } => {
                    let own = &tokens[asker];
                    let Some(presented) = own.len().checked_sub(1 + age).map(|place| own[place]) else { continue };
                    let decision = judge(&login, presented, named(attempt).as_ref(), now);
                    prop_assert_eq!(decision, expected(&history, presented, attempt, now));
                    match decision {
                        RefreshDecision::Rotate => {
                            login.generation += 1;
                            login.rotation = Some(Rotation::by(named(attempt), now));
                            let generation = login.generation;
                            history.push(Event::Made { generation, attempt, at: now });
                        }
                        RefreshDecision::Repeat => {}
                        RefreshDecision::Reuse => return Ok(()),
                        RefreshDecision::Unknown => prop_assert!(false, "a token of no generation"),
                    }
                    if !is_lost && tokens[asker].last() != Some(&login.generation) {
                        tokens[asker].push(login.generation);
                    }
                }
            }
        }
    }

    /// One program, whose answers get lost any number of times, and which retries with the same attempt each time.
    #[test]
    fn a_device_that_retries_is_never_logged_out(
        rounds in prop::collection::vec((0..5_usize, 0..200_000_u64, any::<bool>()), 1..20)
    ) {
        let (mut login, mut now, mut own) = (device(0, None), NOW, 0);
        for (round, (lost, ms, names)) in rounds.into_iter().enumerate() {
            let attempt = names.then(|| round.to_string().parse().unwrap());
            for _ in 0..=lost {
                now = now.plus(Duration::from_millis(ms));
                match judge(&login, own, attempt.as_ref(), now) {
                    RefreshDecision::Rotate => {
                        login.generation += 1;
                        login.rotation = Some(Rotation::by(attempt.clone(), now));
                    }
                    RefreshDecision::Repeat => {}
                    RefreshDecision::Reuse | RefreshDecision::Unknown => {
                        prop_assert!(false, "the device is logged out");
                    }
                }
            }
            own = login.generation;
            if let Some(rotation) = login.rotation.as_mut().filter(|_| ms % 2 == 0) {
                rotation.is_used = true;
            }
        }
    }
}
