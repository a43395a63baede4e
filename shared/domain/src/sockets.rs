//! Limits on the sockets of a device, and which of them are displaced.

use std::time::Duration;

use crate::lease::{Attendance, CONNECTION_AGE_MAX, CONNECTIONS_MAX, YOUNG_CONNECTION};
use crate::{ConnectionId, DeviceId, FamilyId, Timestamp};

/// Registered sockets of one device; one more displaces the oldest.
pub const SOCKETS_PER_DEVICE_MAX: usize = 5;

/// Connections of one device in a session row, handshakes under way included; one more is refused.
///
/// Bounds the row, and how many connections a flood of simultaneous handshakes closes.
pub const REGISTERED_PER_DEVICE_MAX: usize = 12;

/// Displaced connections of one device in a session row; while there are this many, no other is displaced.
///
/// The row keeps only connections whose closing the gateway has not confirmed: those of a flood.
pub const DISPLACED_PER_DEVICE_MAX: usize = 16;

/// How long a displaced connection that may still open is remembered: longer than a handshake takes.
pub const DISPLACED_KEPT: Duration = YOUNG_CONNECTION;

/// Pause before a handshake may be retried that was refused because its device has too many connections.
pub const HANDSHAKE_RETRY_AFTER: Duration = Duration::from_secs(5);

/// A registered WebSocket connection of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The gateway's id.
    pub id: ConnectionId,
    /// The device of the connection.
    pub device: DeviceId,
    /// The login of the device; `None` if an earlier version wrote the row.
    pub family: Option<FamilyId>,
    /// Time of the handshake.
    pub opened_at: Timestamp,
    /// The last statement of its frames about attendance.
    pub attendance: Attendance,
}

impl Connection {
    /// Whether the handshake may still be under way. False if a wrong clock wrote the opening time.
    pub fn is_young(&self, now: Timestamp) -> bool {
        self.opened_at.may_have_been(now) && now.since(self.opened_at) < YOUNG_CONNECTION
    }

    /// Whether the connection is older than the gateway allows.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.since(self.opened_at) > CONNECTION_AGE_MAX
    }

    /// Whether the connection was opened after `earlier`. False if a wrong clock wrote the opening time.
    pub fn is_opened_after(&self, earlier: Timestamp, now: Timestamp) -> bool {
        self.opened_at.may_have_been(now) && self.opened_at > earlier
    }
}

/// A connection that gave up its place, and whose closing the gateway has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplacedConnection {
    /// The gateway's id.
    pub id: ConnectionId,
    /// The device of the connection.
    pub device: DeviceId,
    /// Time of the displacement.
    pub displaced_at: Timestamp,
}

/// Outcome of a handshake, by the other connections in the session row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The socket may open.
    Admitted {
        /// Connections to be closed, since newer ones take their places.
        displaced: Vec<Connection>,
        /// Connections older than the gateway allows.
        expired: Vec<Connection>,
    },
    /// The row has too many displaced connections of the device.
    Refused,
}

/// Decides about a connection that was just registered. It counts as the newest of its device, whatever clocks show.
pub fn admit(
    newcomer: &Connection,
    registered: &[Connection],
    displaced: &[DisplacedConnection],
    now: Timestamp,
) -> Admission {
    let (expired, mut living): (Vec<Connection>, Vec<Connection>) = registered
        .iter()
        .filter(|open| open.id != newcomer.id)
        .cloned()
        .partition(|open| open.is_expired(now));
    newest_first(&mut living, now);
    let mut displaced_now = Vec::new();
    let mut places = SOCKETS_PER_DEVICE_MAX - 1;
    living.retain(|open| {
        let keeps_its_place = open.device != newcomer.device || places > 0;
        if !keeps_its_place {
            displaced_now.push(open.clone());
        } else if open.device == newcomer.device {
            places -= 1;
        }
        keeps_its_place
    });
    displaced_now.extend(living.split_off(living.len().min(CONNECTIONS_MAX - 1)));
    let of_device = displaced.iter().filter(|other| other.device == newcomer.device);
    if !displaced_now.is_empty() && of_device.count() >= DISPLACED_PER_DEVICE_MAX {
        return Admission::Refused;
    }
    Admission::Admitted { displaced: displaced_now, expired }
}

/// Connections of a device that a refused handshake displaces, so that a later handshake finds a place.
///
/// Otherwise, connections of handshakes that died halfway would keep the device out. Young connections stay: they are
/// handshakes under way, each of which makes room by itself.
pub fn stuck(device: DeviceId, registered: &[Connection], now: Timestamp) -> Vec<Connection> {
    let mut own: Vec<Connection> = registered.iter().filter(|open| open.device == device).cloned().collect();
    newest_first(&mut own, now);
    let surplus = own.into_iter().skip(SOCKETS_PER_DEVICE_MAX - 1);
    surplus.filter(|open| !open.is_young(now)).collect()
}

/// Displaced connections that need not be remembered any more.
pub fn to_forget(displaced: &[DisplacedConnection], now: Timestamp) -> Vec<DisplacedConnection> {
    let is_over = |other: &&DisplacedConnection| {
        !other.displaced_at.may_have_been(now) || now.since(other.displaced_at) >= DISPLACED_KEPT
    };
    displaced.iter().filter(is_over).cloned().collect()
}

/// Whether a device has a place for a further connection.
pub fn has_free_place(device: DeviceId, registered: &[Connection]) -> bool {
    registered.iter().filter(|open| open.device == device).count() < SOCKETS_PER_DEVICE_MAX
}

/// Sorts the newest connection first. Connections whose time a wrong clock wrote come last.
fn newest_first(connections: &mut [Connection], now: Timestamp) {
    let age = |open: &Connection| (open.opened_at.may_have_been(now), open.opened_at);
    connections.sort_by(|one, other| age(other).cmp(&age(one)).then(other.id.cmp(&one.id)));
}

/// Whether a user with these connections is idle: at least one states that nobody uses its device, and none states
/// the opposite.
///
/// A connection that states nothing does not count.
pub fn is_idle<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> bool {
    let mut idle = false;
    for connection in connections {
        match connection.attendance {
            Attendance::Unstated => {}
            Attendance::Attended => return false,
            Attendance::Idle => idle = true,
        }
    }
    idle
}

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    fn device(n: u128) -> DeviceId {
        DeviceId::new(Ulid(n))
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_ms(1_790_000_000_000).plus(Duration::from_secs(seconds))
    }

    /// Connection `n` of a device, opened at second `n`.
    fn open(n: u64, on: u128) -> Connection {
        Connection {
            id: ConnectionId::new(format!("c{n:03}=")),
            device: device(on),
            family: None,
            opened_at: at(n),
            attendance: Attendance::Unstated,
        }
    }

    #[test]
    fn a_user_is_idle_if_a_connection_states_so_and_none_the_opposite() {
        use Attendance::{Attended, Idle, Unstated};
        for (says, expected) in [
            (&[][..], false),
            (&[Unstated], false),
            (&[Attended], false),
            (&[Idle], true),
            (&[Unstated, Idle, Unstated], true),
            (&[Idle, Idle], true),
            (&[Idle, Attended], false),
            (&[Attended, Idle, Unstated], false),
        ] {
            let connections =
                says.iter().map(|attendance| Connection { attendance: *attendance, ..open(1, 1) });
            assert_eq!(is_idle(&connections.collect::<Vec<_>>()), expected, "{says:?}");
        }
    }

    fn displaced(n: u64, on: u128, seconds: u64) -> DisplacedConnection {
        DisplacedConnection {
            id: ConnectionId::new(format!("c{n:03}=")),
            device: device(on),
            displaced_at: at(seconds),
        }
    }

    #[track_caller]
    fn check(newcomer: &Connection, registered: &[Connection], expected: &[Connection]) {
        let admission = admit(newcomer, registered, &[], at(1000));
        let Admission::Admitted { displaced, expired } = admission else { panic!("refused") };
        assert_eq!((displaced.as_slice(), expired.as_slice()), (expected, &[][..]));
    }

    #[test]
    fn the_sixth_socket_of_a_device_displaces_its_oldest_whatever_others_have() {
        let mut registered: Vec<Connection> = (1..=4).map(|n| open(n, 7)).collect();
        registered.extend((11..=15).map(|n| open(n, 8)));
        let fifth = open(5, 7);
        registered.push(fifth.clone());
        check(&fifth, &registered, &[]);
        let sixth = open(6, 7);
        registered.push(sixth.clone());
        check(&sixth, &registered, &[open(1, 7)]);
    }

    #[test]
    fn a_newcomer_keeps_its_place_though_its_clock_is_behind() {
        let mut registered: Vec<Connection> = (11..=15).map(|n| open(n, 7)).collect();
        let newcomer = open(3, 7);
        registered.push(newcomer.clone());
        check(&newcomer, &registered, &[open(11, 7)]);
    }

    #[test]
    fn a_user_has_fifty_connections_at_most_and_expired_ones_take_no_place() {
        let mut registered: Vec<Connection> = (0..60).map(|n| open(n, u128::from(n))).collect();
        let newcomer = open(60, 99);
        registered.push(newcomer.clone());
        let oldest: Vec<Connection> = (0..=10).rev().map(|n| open(n, u128::from(n))).collect();
        check(&newcomer, &registered, &oldest);
        let late = at(0).plus(CONNECTION_AGE_MAX + Duration::from_secs(55));
        let Admission::Admitted { displaced, expired } = admit(&newcomer, &registered, &[], late) else {
            panic!("refused")
        };
        assert_eq!((displaced.len(), expired.len()), (0, 55));
    }

    #[test]
    fn a_flood_is_refused_once_enough_was_displaced_but_a_free_place_is_given() {
        let kept = |count: u64, on| (0..count).map(|n| displaced(n, on, 1)).collect::<Vec<_>>();
        let registered: Vec<Connection> = (1..=6).map(|n| open(n, 7)).collect();
        let refused = |displaced: &[DisplacedConnection]| {
            admit(&registered[5], &registered, displaced, at(9)) == Admission::Refused
        };
        let many = u64::try_from(DISPLACED_PER_DEVICE_MAX).unwrap();
        assert!(refused(&kept(many, 7)) && !refused(&kept(many - 1, 7)) && !refused(&kept(many, 8)));
        assert!(admit(&registered[4], &registered[..5], &kept(many, 7), at(9)) != Admission::Refused);
    }

    #[test]
    fn only_old_connections_are_stuck_and_only_old_displacements_forgotten() {
        let registered: Vec<Connection> = (1..=12).map(|n| open(n, 7)).collect();
        assert_eq!(stuck(device(7), &registered, at(30)), []);
        let expected: Vec<Connection> = (1..=8).rev().map(|n| open(n, 7)).collect();
        assert_eq!(stuck(device(7), &registered, at(100)), expected);
        assert_eq!(stuck(device(8), &registered, at(100)), []);
        let both = [displaced(1, 7, 10), displaced(2, 7, 11)];
        assert_eq!(to_forget(&both, at(70)), both[..1]);
    }

    #[test]
    fn a_connection_that_a_wrong_clock_wrote_is_neither_young_nor_new() {
        let now = at(100);
        let day_ahead = 24 * 3600 + 100;
        let ahead = open(day_ahead, 7);
        assert!(!ahead.is_young(now) && !ahead.is_expired(now) && !ahead.is_opened_after(at(50), now));
        assert!(open(90, 7).is_young(now) && open(90, 7).is_opened_after(at(50), now));
        let mut registered: Vec<Connection> = (91..=94).map(|n| open(n, 7)).collect();
        registered.extend([ahead.clone(), open(95, 7)]);
        let Admission::Admitted { displaced: closed, .. } = admit(&registered[5], &registered, &[], now)
        else {
            panic!("refused")
        };
        assert_eq!(closed.as_slice(), std::slice::from_ref(&ahead), "it gives up its place first");
        let many: Vec<Connection> = (0..6).map(|n| open(day_ahead + n, 7)).collect();
        assert_eq!(stuck(device(7), &many, now).len(), 2);
        let remembered = [displaced(1, 7, day_ahead)];
        assert_eq!(to_forget(&remembered, now), remembered);
    }

    #[test]
    fn a_device_has_a_free_place_below_five() {
        let registered: Vec<Connection> = (1..=5).map(|n| open(n, 7)).collect();
        assert!(has_free_place(device(7), &registered[..4]) && !has_free_place(device(7), &registered));
        assert!(has_free_place(device(8), &registered));
    }
}
