use proptest::prelude::*;

use super::*;

const RATE: Rate = Rate { burst: 64, interval: Duration::from_millis(100) };

const RATES: BudgetRates = PerBudget {
    writes: RATE,
    answers: Rate { burst: 64_000, interval: Duration::from_millis(1) },
    frames: RATE,
    tickets: RATE,
};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_ms(1_000_000 + ms)
}

fn retry_after(result: Result<(), Refusal>) -> Option<Duration> {
    match result {
        Ok(()) => None,
        Err(Refusal::RateLimited { retry_after }) => Some(retry_after),
        Err(other) => panic!("expected a rate limit, got {other}"),
    }
}

#[test]
fn a_burst_passes_and_the_next_refusal_names_its_pause() {
    let mut account = Account::default();
    for _ in 0..RATE.burst {
        assert_eq!(account.take(Budget::Writes, &RATES, at(0)), Ok(()));
    }
    assert_eq!(retry_after(account.take(Budget::Writes, &RATES, at(0))), Some(Duration::from_millis(100)));
    assert_eq!(account.take(Budget::Frames, &RATES, at(0)), Ok(()), "budgets are independent");
    assert_eq!(account.take(Budget::Writes, &RATES, at(100)), Ok(()));
}

#[test]
fn an_answer_is_charged_after_it_was_read_and_the_next_waits_for_the_whole_charge() {
    let mut account = Account::default();
    assert_eq!(account.check(Budget::Answers, &RATES, at(0)), Ok(()));
    account.charge(Budget::Answers, kilobytes(188_000_000), &RATES, at(0));
    let wait = retry_after(account.check(Budget::Answers, &RATES, at(0))).unwrap();
    assert_eq!(wait, Duration::from_millis(188_000 - 63_999));
    assert_eq!(account.check(Budget::Answers, &RATES, at(0).plus(wait)), Ok(()));
}

#[test]
fn a_debt_is_limited() {
    let mut account = Account::default();
    for _ in 0..3 {
        account.charge(Budget::Answers, u32::MAX, &RATES, at(0));
    }
    let wait = retry_after(account.check(Budget::Answers, &RATES, at(0))).unwrap();
    assert_eq!(wait, DEBT_MAX);
}

#[test]
fn heartbeats_add_nothing_to_the_row() {
    let mut account = Account::default();
    for n in 0..100 {
        account.take(Budget::Frames, &RATES, at(n * 5_000)).unwrap();
        assert!(!account.is_due(&RATES, at(n * 5_000)));
        assert_eq!(account.take_charges(false, &RATES, at(n * 5_000)), Charges::default());
    }
}

#[test]
fn an_old_pending_charge_is_due_with_the_next_use() {
    let mut account = Account::default();
    account.take(Budget::Writes, &RATES, at(0)).unwrap();
    account.take(Budget::Writes, &RATES, at(1_999)).unwrap();
    assert!(!account.is_due(&RATES, at(1_999)));
    assert!(account.is_due(&RATES, at(2_000)));
    let charges = account.take_charges(false, &RATES, at(2_000));
    assert_eq!(charges.writes.map(|charge| charge.cost), Some(RATE.interval * 2));
    assert!(!account.is_due(&RATES, at(9_000)));
}

#[test]
fn a_renewal_after_a_read_of_the_row_adds_everything() {
    let mut account = Account::default();
    account.take(Budget::Writes, &RATES, at(0)).unwrap();
    account.charge(Budget::Answers, 7, &RATES, at(0));
    let charges = account.take_charges(true, &RATES, at(0));
    assert_eq!(charges.writes.map(|charge| charge.cost), Some(RATE.interval));
    assert_eq!(charges.answers.map(|charge| charge.cost), Some(Duration::from_millis(7)));
    assert_eq!((charges.frames, charges.tickets), (None, None));
}

#[test]
fn every_sixteenth_unit_of_a_burst_is_due() {
    let mut account = Account::default();
    for _ in 0..15 {
        account.take(Budget::Frames, &RATES, at(0)).unwrap();
        assert!(!account.is_due(&RATES, at(0)));
    }
    account.take(Budget::Frames, &RATES, at(0)).unwrap();
    assert!(account.is_due(&RATES, at(0)));
    let charge = account.take_charges(false, &RATES, at(0)).frames.unwrap();
    assert_eq!((charge.cost, charge.was_in_use), (RATE.interval * 16, false));
    assert!(!account.is_due(&RATES, at(0)));
    // Other processes use the bucket now, so each further charge goes to the row with the next renewal.
    let row = Budgets { frames: Some(charge.added_to(None, at(0))), ..Budgets::default() };
    account.observe(&row, &RATES, at(0));
    account.take(Budget::Frames, &RATES, at(0)).unwrap();
    let charge = account.take_charges(false, &RATES, at(0)).frames.unwrap();
    assert_eq!((charge.cost, charge.was_in_use), (RATE.interval, true));
}

#[test]
fn units_that_are_never_added_to_the_row_count_in_the_process() {
    let mut account = Account::default();
    for _ in 0..RATE.burst {
        assert_eq!(account.take_here(Budget::Frames, &RATES, at(0)), Ok(()));
    }
    assert!(account.take_here(Budget::Frames, &RATES, at(0)).is_err());
    assert!(account.take(Budget::Frames, &RATES, at(0)).is_err());
    assert!(!account.is_due(&RATES, at(2_000)));
    assert_eq!(account.take_charges(true, &RATES, at(0)), Charges::default());
}

#[test]
fn a_late_charge_is_cut_to_what_has_not_refilled() {
    let mut account = Account::default();
    for n in 0..600 {
        account.take(Budget::Writes, &RATES, at(n * 100)).unwrap();
    }
    let charge = account.take_charges(true, &RATES, at(60_000)).writes.unwrap();
    assert_eq!(charge.cost, DUE_AFTER + RATE.interval);
}

#[test]
fn use_by_other_processes_counts_here() {
    let mut account = Account::default();
    let exhausted = RATE.interval * RATE.burst;
    let row = Budgets { writes: Some(at(0).plus(exhausted + CLOCK_SKEW_MAX)), ..Budgets::default() };
    account.observe(&row, &RATES, at(0));
    assert_eq!(retry_after(account.take(Budget::Writes, &RATES, at(0))), Some(Duration::from_millis(100)));
    // A row that was read late does not lower the known use.
    account.observe(&Budgets::default(), &RATES, at(0));
    assert!(account.take(Budget::Writes, &RATES, at(0)).is_err());
}

#[test]
fn a_time_that_a_wrong_clock_wrote_is_ignored() {
    let day = Duration::from_secs(24 * 3600);
    let row = Budgets { writes: Some(at(0).plus(day)), ..Budgets::default() };
    let mut account = Account::default();
    account.observe(&row, &RATES, at(0));
    assert_eq!(account.take(Budget::Writes, &RATES, at(0)), Ok(()));
    let charge = account.take_charges(true, &RATES, at(0)).writes.unwrap();
    assert_eq!(charge.added_to(row.writes, at(0)), at(0).plus(RATE.interval));
}

#[test]
fn an_exhausted_bucket_stays_so_for_an_interval_however_far_the_clock_goes_back() {
    for back in [9, 60, 600, 86_400].map(Duration::from_secs) {
        let mut account = Account::default();
        let before = at(0).plus(Duration::from_secs(86_400));
        for _ in 0..RATE.burst {
            assert_eq!(account.take(Budget::Writes, &RATES, before), Ok(()));
        }
        let now = before.minus(back);
        assert_eq!(retry_after(account.take(Budget::Writes, &RATES, now)), Some(RATE.interval));
        assert_eq!(account.take(Budget::Writes, &RATES, now.plus(RATE.interval)), Ok(()));
    }
}

#[test]
fn the_writer_of_a_row_corrects_it_after_the_clock_went_back() {
    for back in [11, 60, 600].map(Duration::from_secs) {
        let (mut account, mut row) = (Account::default(), Budgets::default());
        let before = at(0).plus(Duration::from_secs(600));
        for _ in 0..32 {
            account.take(Budget::Frames, &RATES, before).unwrap();
        }
        let charge = account.take_charges(true, &RATES, before).frames.unwrap();
        row.frames = Some(charge.added_to(row.frames, before));
        let now = before.minus(back);
        account.take(Budget::Frames, &RATES, now).unwrap();
        account.observe(&row, &RATES, now);
        assert_eq!(account.check(Budget::Frames, &RATES, now), Ok(()));
        let charge = account.take_charges(true, &RATES, now).frames.unwrap();
        assert_eq!(charge.added_to(row.frames, now), now.plus(RATE.interval * 33));
    }
}

#[test]
fn a_late_charge_does_not_set_the_clock_back() {
    let mut account = Account::default();
    account.charge(Budget::Answers, 128_000, &RATES, at(0));
    for n in 0..10 {
        assert!(account.check(Budget::Answers, &RATES, at(30_000 + n)).is_err());
        account.charge(Budget::Answers, 1, &RATES, at(n));
    }
}

/// Frames, each with the index of a process and the pause before it.
fn frames() -> impl Strategy<Value = Vec<(usize, u64)>> {
    prop::collection::vec((0_usize..4, 0_u64..120), 1..400)
}

/// Adds the due charges to the row, as a renewal does.
fn settle(account: &mut Account, row: &mut Budgets, now: Timestamp) {
    let charges = account.take_charges(false, &RATES, now);
    if let Some(charge) = charges.writes {
        row.writes = Some(charge.added_to(row.writes, now));
    }
    account.observe(row, &RATES, now);
}

proptest! {
    /// However much debt processes with different clocks add together, no process ignores it as the time of a wrong
    /// clock.
    #[test]
    fn a_debt_of_many_processes_is_cut_and_never_forgotten(
        answers in prop::collection::vec((0_u64..10_000, 0_u64..2_000, 1_u32..2_000_000), 1..60),
    ) {
        let (mut now, mut row) = (at(20_000), Budgets::default());
        for (behind_ms, pause_ms, units) in answers {
            now = now.plus(Duration::from_millis(pause_ms));
            let here = now.minus(Duration::from_millis(behind_ms));
            // Each charge comes from a new process, which has not read the row.
            let mut account = Account::default();
            account.charge(Budget::Answers, units, &RATES, here);
            let charge = account.take_charges(true, &RATES, here).answers.unwrap();
            let before = row.answers;
            let after = charge.added_to(before, here);
            prop_assert!(after >= here.plus(charge.cost).min(charge.at_most));
            let kept = before.unwrap_or(here).min(charge.at_most);
            prop_assert!(after >= kept, "{after:?} after {before:?}");
            row.answers = Some(after);
            for clock in [now.minus(CLOCK_SKEW_MAX), now] {
                let mut other = Account::default();
                other.observe(&row, &RATES, clock);
                let counted = after.minus(CLOCK_SKEW_MAX);
                prop_assert_eq!(other.buckets.answers.full_at, Some(counted).filter(|at| *at > clock));
            }
        }
    }

    /// Several processes together allow a burst, its refill, what each may hold back from the row, and what the clock
    /// differences allow.
    #[test]
    fn processes_that_share_a_row_keep_to_the_rate_together(
        frames in frames(),
        ahead in prop::array::uniform4(0_u64..=CLOCK_SKEW_MAX.as_secs()),
    ) {
        let (mut time, mut row) = (at(0), Budgets::default());
        let mut accounts = [Account::default(); 4];
        let mut passed = 0_u64;
        for (process, pause_ms) in frames {
            time = time.plus(Duration::from_millis(pause_ms));
            let now = time.plus(Duration::from_secs(ahead[process]));
            let account = &mut accounts[process];
            account.observe(&row, &RATES, now);
            if account.take(Budget::Writes, &RATES, now).is_ok() {
                passed += 1;
            }
            if account.is_due(&RATES, now) {
                settle(account, &mut row, now);
            }
            let held_back = 16 * accounts.len() as u64;
            let refilled = (time.as_ms() - at(0).as_ms()) / 100;
            let disagreed = CLOCK_SKEW_MAX.as_secs() * 10;
            prop_assert!(passed <= u64::from(RATE.burst) + held_back + refilled + disagreed, "{passed}");
        }
    }

    /// Whatever processes charge and read, no user within the rate is refused.
    #[test]
    fn no_user_within_the_rate_is_refused(frames in frames()) {
        let (mut now, mut row) = (at(0), Budgets::default());
        let mut accounts = [Account::default(); 4];
        for (process, pause_ms) in frames {
            now = now.plus(Duration::from_millis(100 + pause_ms));
            let account = &mut accounts[process];
            account.observe(&row, &RATES, now);
            prop_assert_eq!(account.take(Budget::Writes, &RATES, now), Ok(()));
            if account.is_due(&RATES, now) {
                settle(account, &mut row, now);
            }
        }
    }

    /// A refusal names a time at which the next try passes, if nothing is taken before.
    #[test]
    fn the_next_try_passes_after_the_pause_of_a_refusal(frames in frames(), units in 1_u32..200_000) {
        let (mut now, mut account) = (at(0), Account::default());
        for (_, pause_ms) in frames {
            now = now.plus(Duration::from_millis(pause_ms));
            if let Some(wait) = retry_after(account.check(Budget::Answers, &RATES, now)) {
                prop_assert!(wait <= DEBT_MAX);
                now = now.plus(wait);
                prop_assert_eq!(account.check(Budget::Answers, &RATES, now), Ok(()));
            }
            account.charge(Budget::Answers, units, &RATES, now);
        }
    }
}

/// Frames, each with the index of a process, the pause before it, and the seconds by which the clocks are set before
/// it.
fn frames_while_clocks_are_set() -> impl Strategy<Value = Vec<(usize, u64, i64)>> {
    let set = prop_oneof![20 => Just(0), 1 => 11_i64..5_000, 1 => -5_000_i64..-10];
    prop::collection::vec((0_usize..2, 0_u64..220, set), 1..400)
}

/// The time on a clock that is `ahead` seconds ahead.
fn shown(time: Timestamp, ahead: i64) -> Timestamp {
    Timestamp::from_ms(u64::try_from(time.as_ms() as i64 + ahead * 1_000).unwrap())
}

proptest! {
    /// However often clocks are set, and though two clocks differ, a user who sends a burst and then keeps to the
    /// rate is not refused.
    #[test]
    fn no_user_is_refused_because_of_a_clock(
        frames in frames_while_clocks_are_set(),
        ahead in prop::array::uniform2(0_i64..=10),
    ) {
        let (mut time, mut set_by) = (at(3_000_000_000), 0);
        let (mut row, mut accounts) = (Budgets::default(), [Account::default(); 2]);
        let mut taken = None;
        for (process, pause_ms, set) in frames {
            time = time.plus(Duration::from_millis(pause_ms));
            set_by += set;
            let now = shown(time, set_by + ahead[process]);
            let Ok(next) = RATE.take(taken, time) else { continue };
            taken = Some(next);
            let account = &mut accounts[process];
            prop_assert_eq!(account.take(Budget::Writes, &RATES, now), Ok(()));
            account.observe(&row, &RATES, now);
            if account.is_due(&RATES, now) {
                settle(account, &mut row, now);
            }
        }
    }

    /// A clock that goes back gains a flood nothing. Overtaking requests gain it at most 10 seconds, which it loses
    /// within some minutes.
    #[test]
    fn a_flood_gains_little_by_a_clock_that_goes_back(
        frames in prop::collection::vec((0_u64..20, 0_u64..10_000, prop_oneof![300 => Just(0), 1 => 21_i64..5_000]), 1..600),
    ) {
        let (mut time, mut set_back, mut times) = (at(50_000_000_000), 0, 0);
        let (mut account, mut passed) = (Account::default(), 0_u64);
        let begun = time;
        for (pause_ms, late_ms, back) in frames {
            time = time.plus(Duration::from_millis(pause_ms));
            set_back += back;
            times += u64::from(back > 0);
            let now = shown(time, -set_back).minus(Duration::from_millis(late_ms));
            passed += u64::from(account.take(Budget::Writes, &RATES, now).is_ok());
            let elapsed_ms = time.as_ms() - begun.as_ms();
            let gained_ms = (1 + times) * 10_000 + elapsed_ms / u64::from(FORGIVEN_EVERY);
            prop_assert!(passed <= u64::from(RATE.burst) + (elapsed_ms + gained_ms + 10_000) / 100, "{passed}");
        }
    }
}
