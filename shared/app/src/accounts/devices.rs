//! A user's devices.

use confab_domain::{DeviceId, UserId};
use confab_protocol::http;

use crate::Error;
use crate::ports::{Devices, Sessions};

/// Returns the devices on which a user is logged in, the oldest login first.
///
/// # Errors
///
/// [`Error::Store`].
pub async fn list_devices(
    store: &(impl Devices + Sessions),
    user: UserId,
    current: DeviceId,
) -> Result<http::Devices, Error> {
    let mut devices = store.devices(user).await?;
    let sessions = store.sessions(&[user]).await?;
    devices.sort_by_key(|device| (device.created_at, device.device));
    let is_connected = |device| {
        sessions.iter().flat_map(|row| &row.connections).any(|connection| connection.device == device)
    };
    Ok(http::Devices {
        devices: devices
            .into_iter()
            .map(|device| http::Device {
                device: device.device.to_string(),
                connected: is_connected(device.device),
                current: device.device == current,
                name: device.name,
                platform: device.platform,
                push: device.push.map(|registration| registration.platform.to_string()),
                created_at_ms: device.created_at.as_ms(),
                last_active_at_ms: device.last_active_at.as_ms(),
            })
            .collect(),
    })
}
