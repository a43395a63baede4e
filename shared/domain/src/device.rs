//! Devices: the logins of a user.

use crate::push::Registration;
use crate::refresh::Rotation;
use crate::{DeviceId, FamilyId, Timestamp, UserId};

/// One login of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub device: DeviceId,
    /// The login that its tokens follow from; another login on the same device begins another.
    pub family: FamilyId,
    /// How often its refresh token was renewed.
    pub generation: u64,
    /// How this generation was made; `None` for the first of a login, and where an earlier version has made it.
    pub rotation: Option<Rotation>,
    /// As the device named itself.
    pub name: Option<String>,
    /// As the device named itself.
    pub platform: Option<String>,
    /// Where its pushes go; `None` where it has asked for none.
    pub push: Option<Registration>,
    /// When it logged in.
    pub created_at: Timestamp,
    /// When it logged in or last renewed its tokens.
    pub last_active_at: Timestamp,
}

/// Which devices have to go, so that with one more there are at most `devices_max`.
///
/// The least recently active ones without a connection first, then the least
/// recently active ones. A device that logs in again replaces itself.
pub fn to_log_out(
    devices: &[Device],
    is_connected: impl Fn(DeviceId) -> bool,
    newcomer: DeviceId,
    devices_max: usize,
) -> Vec<DeviceId> {
    let mut others: Vec<&Device> = devices.iter().filter(|device| device.device != newcomer).collect();
    others.sort_by_key(|device| (is_connected(device.device), device.last_active_at, device.device));
    let surplus = (others.len() + 1).saturating_sub(devices_max);
    others.iter().take(surplus).map(|device| device.device).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> DeviceId {
        DeviceId::new(ulid::Ulid(n))
    }

    fn device(n: u128, last_active_at_ms: u64) -> Device {
        Device {
            user: UserId::new(ulid::Ulid(1)),
            device: id(n),
            family: FamilyId::new(ulid::Ulid(n)),
            generation: 0,
            rotation: None,
            name: None,
            platform: None,
            push: None,
            created_at: Timestamp::from_ms(0),
            last_active_at: Timestamp::from_ms(last_active_at_ms),
        }
    }

    #[test]
    fn the_oldest_idle_device_makes_room() {
        let devices = [device(1, 10), device(2, 20), device(3, 30)];
        assert_eq!(to_log_out(&devices, |_| false, id(9), 4), []);
        assert_eq!(to_log_out(&devices, |_| false, id(9), 3), [id(1)]);
        assert_eq!(to_log_out(&devices, |device| device == id(1), id(9), 3), [id(2)]);
        assert_eq!(to_log_out(&devices, |_| true, id(9), 3), [id(1)]);
    }

    #[test]
    fn a_device_that_logs_in_again_replaces_itself() {
        let devices = [device(1, 10), device(2, 20)];
        assert_eq!(to_log_out(&devices, |_| false, id(2), 2), []);
    }
}
