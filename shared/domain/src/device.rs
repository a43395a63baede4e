//! Devices of a user, each with its login.

use crate::push::Registration;
use crate::refresh::Rotation;
use crate::{DeviceId, FamilyId, Timestamp, UserId};

/// A device with its login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The user who is logged in.
    pub user: UserId,
    /// Id of the device.
    pub device: DeviceId,
    /// The login; another login on the same device begins another family.
    pub family: FamilyId,
    /// Number of times that the refresh token was renewed.
    pub generation: u64,
    /// The refresh that made this generation; `None` for the first of a login, and if an earlier version made it.
    pub rotation: Option<Rotation>,
    /// The device's name, chosen by the device.
    pub name: Option<String>,
    /// The device's platform, stated by the device.
    pub platform: Option<String>,
    /// The device's push registration, if it has one.
    pub push: Option<Registration>,
    /// Time of the login.
    pub created_at: Timestamp,
    /// Time of the login or of the last token refresh.
    pub last_active_at: Timestamp,
}

/// Devices that have to be logged out so that, with one more, there are at most `devices_max`.
///
/// Devices without a connection go first, then those with one; among each, the least recently active first. A device
/// that logs in again replaces itself.
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
