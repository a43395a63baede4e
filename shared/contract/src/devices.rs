//! Devices.

use std::time::Duration;

use confab_app::ports::{Devices, RotateOutcome};
use confab_domain::Timestamp;
use confab_domain::device::Device;
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

const LATER: Timestamp = Timestamp::from_ms(NOW.as_ms() + 60_000);

async fn put(devices: &impl Devices, device: &Device) {
    devices.put_device(device).await.unwrap();
}

async fn rotate(devices: &impl Devices, ids: Ids, family: u32, generation: u64) -> RotateOutcome {
    devices.rotate(ids.user(1), ids.device_id(1), ids.family(family), generation, LATER).await.unwrap()
}

pub async fn a_device_reads_back_whole(devices: &impl Devices, ids: Ids) {
    let full = Device {
        platform: Some("ios".to_owned()),
        generation: 3,
        last_active_at: NOW.plus(Duration::from_secs(1)),
        ..ids.device(1, 1)
    };
    let bare = Device { name: None, platform: None, ..ids.device(1, 2) };
    for device in [full, bare] {
        put(devices, &device).await;
        assert_eq!(devices.device(device.user, device.device).await.unwrap(), Some(device));
    }
}

pub async fn a_login_on_the_same_device_replaces_it(devices: &impl Devices, ids: Ids) {
    put(devices, &Device { platform: Some("ios".to_owned()), generation: 5, ..ids.device(1, 1) }).await;
    let again = Device { family: ids.family(2), name: None, created_at: LATER, ..ids.device(1, 1) };
    put(devices, &again).await;
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), [again]);
}

pub async fn the_devices_of_a_user_are_listed(devices: &impl Devices, ids: Ids) {
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
    let mine: Vec<Device> = (1..=10).map(|n| ids.device(1, n)).collect();
    for device in &mine {
        put(devices, device).await;
    }
    put(devices, &ids.device(2, 11)).await;
    let mut listed = devices.devices(ids.user(1)).await.unwrap();
    listed.sort_by_key(|device| device.device);
    assert_eq!(listed, mine);
}

pub async fn an_unknown_device_is_none(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    assert_eq!(devices.device(ids.user(1), ids.device_id(2)).await.unwrap(), None);
    assert_eq!(devices.device(ids.user(2), ids.device_id(1)).await.unwrap(), None);
}

pub async fn a_rotation_moves_to_the_next_generation(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    assert_eq!(rotate(devices, ids, 1, 0).await, RotateOutcome::Rotated);
    assert_eq!(rotate(devices, ids, 1, 1).await, RotateOutcome::Rotated);
    let expected = Device { generation: 2, last_active_at: LATER, ..ids.device(1, 1) };
    assert_eq!(devices.device(ids.user(1), ids.device_id(1)).await.unwrap(), Some(expected));
}

pub async fn an_older_generation_is_reused(devices: &impl Devices, ids: Ids) {
    let device = Device { generation: 4, ..ids.device(1, 1) };
    put(devices, &device).await;
    for generation in [0, 3] {
        assert_eq!(rotate(devices, ids, 1, generation).await, RotateOutcome::Reused);
    }
    assert_eq!(devices.device(device.user, device.device).await.unwrap(), Some(device));
}

/// Logged out, or logged in anew.
pub async fn a_rotation_of_an_ended_login_is_ended(devices: &impl Devices, ids: Ids) {
    assert_eq!(rotate(devices, ids, 1, 0).await, RotateOutcome::Ended);
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
    put(devices, &ids.device(1, 1)).await;
    assert_eq!(rotate(devices, ids, 2, 0).await, RotateOutcome::Ended);
    assert_eq!(rotate(devices, ids, 1, 0).await, RotateOutcome::Rotated);
}

pub async fn of_racing_rotations_exactly_one_wins(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    let mut outcomes = join_all((0..4).map(|_| rotate(devices, ids, 1, 0))).await;
    outcomes.retain(|outcome| *outcome != RotateOutcome::Reused);
    assert_eq!(outcomes, [RotateOutcome::Rotated]);
}

pub async fn a_device_is_removed_whatever_its_family(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    put(devices, &ids.device(1, 2)).await;
    assert!(devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), [ids.device(1, 2)]);
}

pub async fn a_device_of_another_family_stays(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    let remove = async |family| {
        devices.remove_device(ids.user(1), ids.device_id(1), Some(ids.family(family))).await.unwrap()
    };
    assert!(!remove(2).await);
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), [ids.device(1, 1)]);
    assert!(remove(1).await);
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
}

pub async fn removing_what_is_not_there_is_false(devices: &impl Devices, ids: Ids) {
    assert!(!devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
    put(devices, &ids.device(1, 1)).await;
    assert!(!devices.remove_device(ids.user(1), ids.device_id(2), None).await.unwrap());
    assert!(devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
    assert!(!devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
}
