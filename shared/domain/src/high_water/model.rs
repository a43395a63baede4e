//! Random histories of a log. Several writers interleave, read in parts and die; their settings differ and change at
//! any time, and their clocks differ. The store removes expired entries late and in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const WRITERS: usize = 3;
const SKEW_MS: u64 = 1000 * CLOCK_SKEW_MAX.as_secs();
const SLOW_MS: u64 = 1000 * APPEND_DELAY_MAX.as_secs();

/// Settings of the retention. Unit: days; 0 is for ever.
const SETTINGS: [u32; 5] = [0, 1, 2, 7, 30];

#[derive(Clone, Copy, Debug)]
enum Step {
    Set {
        writer: usize,
        days: u32,
    },
    /// The next call of a writer takes effect; `other` picks one of two where it may be either.
    Call {
        writer: usize,
        other: bool,
    },
    /// All the calls of a send.
    Send {
        writer: usize,
    },
    Die {
        writer: usize,
    },
    /// Time passes. Unit: milliseconds.
    Wait {
        ms: u64,
    },
    /// Time goes on until the life of an entry of so many days is about to end, or has ended.
    WaitDays {
        days: u32,
        before_ms: u64,
    },
    /// The expired entries whose bits are set are removed.
    Remove {
        picks: u64,
        ahead_ms: u64,
    },
    /// A reader marks a position as read.
    Read {
        beyond: u64,
        ahead_ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let writer = || 0..WRITERS;
    let days = || prop::sample::select(SETTINGS.to_vec());
    prop_oneof![
        2 => (writer(), days()).prop_map(|(writer, days)| Step::Set { writer, days }),
        12 => (writer(), any::<bool>()).prop_map(|(writer, other)| Step::Call { writer, other }),
        8 => writer().prop_map(|writer| Step::Send { writer }),
        1 => writer().prop_map(|writer| Step::Die { writer }),
        3 => (0..12_000_u64).prop_map(|ms| Step::Wait { ms }),
        4 => (days(), 0..300_000_u64).prop_map(|(days, before_ms)| Step::WaitDays { days, before_ms }),
        4 => (any::<u64>(), 0..=SKEW_MS).prop_map(|(picks, ahead_ms)| Step::Remove { picks, ahead_ms }),
        2 => (1..80_u64, 0..=SKEW_MS).prop_map(|(beyond, ahead_ms)| Step::Read { beyond, ahead_ms }),
    ]
}

#[derive(Clone, Copy)]
struct Entry {
    newest: Newest,
    expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Writer {
    retention: Retention,
    ahead_ms: u64,
    send: Option<SimulatedSend>,
}

/// A send under way.
#[derive(Clone, Copy)]
struct SimulatedSend {
    /// Start by the true time.
    began: Timestamp,
    /// Start by the process's clock.
    now: Timestamp,
    /// Retention by the process's setting.
    retention: Retention,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Begin,
    /// The newest entry is read, the mark is not.
    Newest(Option<Newest>),
    /// The mark is read, the newest entry is not.
    Mark(Option<HighWaterMark>),
    Decide(LogEnd),
    SetMark(LogEnd, NextPosition),
    Append(LogEnd, Seq),
}

struct Log {
    now: Timestamp,
    entries: BTreeMap<Seq, Entry>,
    mark: Option<HighWaterMark>,
    used: BTreeSet<Seq>,
    /// Positions up to here were marked as read.
    read: Option<Seq>,
    /// When each used position may be removed.
    lives: BTreeMap<Seq, Option<Timestamp>>,
    writers: [Writer; WRITERS],
}

impl Log {
    fn new(clocks: [u64; WRITERS]) -> Self {
        let writer = |ahead_ms| Writer { retention: Retention::FOR_EVER, ahead_ms, send: None };
        Self {
            now: Timestamp::from_ms(1_790_000_000_000),
            entries: BTreeMap::new(),
            mark: None,
            used: BTreeSet::new(),
            read: None,
            lives: BTreeMap::new(),
            writers: clocks.map(writer),
        }
    }

    /// A log from before marks had a retention: some entries, some of them removed, and maybe a mark.
    fn with_old(mut self, entries: u64, left: u64, expire: bool) -> Self {
        for seq in (1..=entries).filter_map(Seq::new) {
            let newest = Newest { seq, sent_at: self.now, mark_revision: 0 };
            let expires_at = expire.then(|| self.now.plus(Duration::from_secs(3600)));
            self.used.insert(seq);
            self.lives.insert(seq, expires_at);
            if !expire || left & (1 << (seq.get() % 64)) != 0 {
                self.entries.insert(seq, Entry { newest, expires_at });
            }
        }
        if expire {
            let reserved = block_after(Seq::new(entries));
            self.mark = Some(HighWaterMark::of_unknown_retention(None, self.now, reserved, 0));
        }
        self
    }

    fn newest(&self) -> Option<Newest> {
        self.entries.last_key_value().map(|(_, entry)| entry.newest)
    }

    /// The newest entry, if it lies after the known one.
    fn newest_after(&self, known: LogEnd) -> LogEnd {
        let newest = self.newest().filter(|newest| Some(newest.seq) > known.newest.map(|known| known.seq));
        LogEnd { newest: newest.or(known.newest), ..known }
    }

    fn run(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Set { writer, days } => self.writers[writer].retention = Retention::days(days),
            Step::Call { writer, other } => self.call(writer, other)?,
            Step::Send { writer } => {
                for _ in 0..12 {
                    self.call(writer, false)?;
                    if self.writers[writer].send.is_none() {
                        break;
                    }
                }
            }
            Step::Die { writer } => self.writers[writer].send = None,
            Step::Wait { ms } => self.now = self.now.plus(Duration::from_millis(ms)),
            Step::WaitDays { days, before_ms } => {
                let end = Retention::days(days).expires_at(self.now).unwrap_or(self.now);
                let then = end.plus(Duration::from_secs(60)).minus(Duration::from_millis(before_ms));
                self.now = self.now.max(then);
            }
            Step::Remove { picks, ahead_ms } => {
                let now = self.now.plus(Duration::from_millis(ahead_ms));
                let is_removed = |entry: &Entry| {
                    let is_due = entry.expires_at.is_some_and(|expires_at| expires_at <= now);
                    is_due && picks & (1 << (entry.newest.seq.get() % 64)) != 0
                };
                self.entries.retain(|_, entry| !is_removed(entry));
            }
            Step::Read { beyond, ahead_ms } => {
                let newest = self.newest();
                let seq = Seq::new(newest.map_or(0, |newest| newest.seq.get()) + beyond).unwrap();
                let end = LogEnd { newest, mark: self.mark };
                if end.may_have_been_used(seq, self.now.plus(Duration::from_millis(ahead_ms))) {
                    self.read = self.read.max(Some(seq));
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, writer: usize, other: bool) -> Result<(), TestCaseError> {
        let Writer { retention, ahead_ms, send } = self.writers[writer];
        let now = self.now.plus(Duration::from_millis(ahead_ms));
        let send = send.filter(|send| self.now.since(send.began).as_millis() < u128::from(SLOW_MS));
        let mut send = send.unwrap_or(SimulatedSend { began: self.now, now, retention, at: At::Begin });
        let at = match send.at {
            At::Begin if other => At::Newest(self.newest()),
            At::Begin => At::Mark(self.mark),
            At::Newest(newest) => At::Decide(LogEnd { newest, mark: self.mark }),
            At::Mark(mark) => At::Decide(LogEnd { newest: self.newest(), mark }),
            At::Decide(end) if end.has_old_mark() => At::Decide(LogEnd { mark: self.mark, ..end }),
            At::Decide(end) => {
                if !end.may_hide_newer(send.now) && other {
                    let last = self.used.last().copied();
                    let newest = self.newest_after(end).newest.map(|newest| newest.seq);
                    prop_assert_eq!(newest, last, "something newer is hidden");
                }
                let next = end.next_position(send.retention, send.now);
                let seq = Seq::following(next.after).unwrap();
                if next.mark.is_some() { At::SetMark(end, next) } else { At::Append(end, seq) }
            }
            At::SetMark(end, next) => {
                let known = self.mark.map_or(0, |mark| mark.revision);
                if next.mark.is_some_and(|mark| mark.revision == known + 1) {
                    self.mark = next.mark;
                    At::Append(LogEnd { mark: self.mark, ..end }, Seq::following(next.after).unwrap())
                } else {
                    At::Decide(self.newest_after(LogEnd { mark: self.mark, ..end }))
                }
            }
            At::Append(end, seq) if self.entries.contains_key(&seq) => At::Decide(self.newest_after(end)),
            At::Append(end, seq) => {
                self.append(send, end, seq)?;
                self.writers[writer].send = None;
                return Ok(());
            }
        };
        send.at = at;
        self.writers[writer].send = Some(send);
        Ok(())
    }

    fn append(&mut self, send: SimulatedSend, end: LogEnd, seq: Seq) -> Result<(), TestCaseError> {
        let last = self.used.last().copied();
        prop_assert!(Some(seq) > last, "{seq} is used after {last:?}; {:?}", self.mark);
        prop_assert!(Some(seq) > self.read, "{seq} is used, and {:?} was read", self.read);
        let newest = Newest { seq, sent_at: send.now, mark_revision: end.mark_revision() };
        let expires_at = send.retention.expires_at(send.now);
        self.entries.insert(seq, Entry { newest, expires_at });
        self.lives.insert(seq, expires_at);
        self.used.insert(seq);
        Ok(())
    }
}

fn clocks() -> impl Strategy<Value = [u64; WRITERS]> {
    prop::array::uniform3(0..=SKEW_MS)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// Each position is used once, after all positions that were used before, so none is used at or below any
    /// reader's cursor.
    #[test]
    fn no_position_is_used_twice_whatever_is_set_and_when(
        clocks in clocks(),
        steps in prop::collection::vec(step(), 1..160),
    ) {
        let mut log = Log::new(clocks);
        for step in steps {
            log.run(step)?;
        }
    }

    /// The same for a log from before marks had a retention.
    #[test]
    fn no_position_of_an_old_log_is_used_again(
        clocks in clocks(),
        (entries, left, expire) in (0..70_u64, any::<u64>(), any::<bool>()),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut log = Log::new(clocks).with_old(entries, left, expire);
        for step in steps {
            log.run(step)?;
        }
    }

    /// If sends do not overlap, positions are skipped only where an entry may have expired.
    #[test]
    fn no_position_is_skipped_where_nothing_expired(
        clocks in clocks(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut log = Log::new(clocks);
        for step in steps {
            if matches!(step, Step::Call { .. } | Step::Die { .. }) {
                continue;
            }
            let last = log.used.last().copied();
            log.run(step)?;
            let next = log.used.last().copied();
            let soon = log.now.plus(RELIED_ON_UNTIL);
            let may_have_expired = log.lives.values().flatten().any(|expires_at| *expires_at <= soon);
            let follows = next == last || next == Seq::following(last);
            prop_assert!(follows || may_have_expired, "{next:?} follows {last:?}");
        }
    }
}
