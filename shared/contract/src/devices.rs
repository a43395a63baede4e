//! Devices and their logins.

use std::time::Duration;

use confab_app::ports::{Devices, RotateOutcome};
use confab_domain::Timestamp;
use confab_domain::device::Device;
use confab_domain::refresh::Rotation;
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

const LATER: Timestamp = Timestamp::from_ms(NOW.as_ms() + 60_000);

async fn put(devices: &impl Devices, device: &Device) {
    devices.put_device(device).await.unwrap();
}

/// Makes the generation after `generation` of device 1 of user 1, in the login `family`.
async fn rotate(devices: &impl Devices, ids: Ids, family: u32, generation: u64) -> RotateOutcome {
    rotate_by(devices, ids, family, generation, &rotation()).await
}

async fn rotate_by(
    devices: &impl Devices,
    ids: Ids,
    family: u32,
    generation: u64,
    rotation: &Rotation,
) -> RotateOutcome {
    let (user, device, family) = (ids.user(1), ids.device_id(1), ids.family(family));
    devices.rotate(user, device, family, generation, rotation, LATER).await.unwrap()
}

fn rotation() -> Rotation {
    Rotation::by(Some("attempt 1".parse().unwrap()), LATER)
}

fn not_current(device: Device) -> RotateOutcome {
    RotateOutcome::NotCurrent(Some(Box::new(device)))
}

pub async fn a_device_reads_back_whole(devices: &impl Devices, ids: Ids) {
    let full = Device {
        platform: Some("ios".to_owned()),
        generation: 3,
        rotation: Some(Rotation { is_used: true, ..rotation() }),
        last_active_at: NOW.plus(Duration::from_secs(1)),
        ..ids.device(1, 1)
    };
    let bare = Device { name: None, platform: None, generation: 2, ..ids.device(1, 2) };
    let nameless = Device { generation: 1, rotation: Some(Rotation::by(None, NOW)), ..ids.device(1, 3) };
    for device in [full, bare, nameless] {
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
    let expected =
        Device { generation: 2, rotation: Some(rotation()), last_active_at: LATER, ..ids.device(1, 1) };
    assert_eq!(devices.device(ids.user(1), ids.device_id(1)).await.unwrap(), Some(expected));
}

pub async fn a_rotation_replaces_all_of_the_one_before(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    rotate(devices, ids, 1, 0).await;
    mark_used(devices, ids, 1, 1).await;
    let unnamed = Rotation::by(None, NOW);
    assert_eq!(rotate_by(devices, ids, 1, 1, &unnamed).await, RotateOutcome::Rotated);
    let device = devices.device(ids.user(1), ids.device_id(1)).await.unwrap().expect("the device is there");
    assert_eq!((device.generation, device.rotation), (2, Some(unnamed)));
}

pub async fn a_rotation_of_another_generation_gives_the_device_and_changes_nothing(
    devices: &impl Devices,
    ids: Ids,
) {
    let device = Device { generation: 4, rotation: Some(rotation()), ..ids.device(1, 1) };
    put(devices, &device).await;
    for generation in [0, 3, 5] {
        assert_eq!(rotate(devices, ids, 1, generation).await, not_current(device.clone()));
    }
    assert_eq!(devices.device(device.user, device.device).await.unwrap(), Some(device));
}

/// The login ended by a logout, or by another login.
pub async fn a_rotation_of_an_ended_login_makes_nothing(devices: &impl Devices, ids: Ids) {
    assert_eq!(rotate(devices, ids, 1, 0).await, RotateOutcome::NotCurrent(None));
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
    put(devices, &ids.device(1, 1)).await;
    assert_eq!(rotate(devices, ids, 2, 0).await, not_current(ids.device(1, 1)));
    assert_eq!(rotate(devices, ids, 1, 0).await, RotateOutcome::Rotated);
}

pub async fn of_racing_rotations_one_is_made_and_the_others_see_it(devices: &impl Devices, ids: Ids) {
    put(devices, &ids.device(1, 1)).await;
    let rotations = [1, 2, 3, 4].map(|n| Rotation::by(Some(format!("attempt {n}").parse().unwrap()), LATER));
    let racing = rotations.iter().map(|rotation| rotate_by(devices, ids, 1, 0, rotation));
    let mut outcomes = join_all(racing).await;
    let won = outcomes.iter().position(|outcome| *outcome == RotateOutcome::Rotated).expect("one is made");
    outcomes.remove(won);
    let made = Device {
        generation: 1,
        rotation: Some(rotations[won].clone()),
        last_active_at: LATER,
        ..ids.device(1, 1)
    };
    assert!(outcomes.into_iter().all(|outcome| outcome == not_current(made.clone())));
}

async fn mark_used(devices: &impl Devices, ids: Ids, family: u32, generation: u64) {
    let (user, device, family) = (ids.user(1), ids.device_id(1), ids.family(family));
    devices.mark_generation_used(user, device, family, generation).await.unwrap();
}

pub async fn the_use_of_the_current_generation_is_recorded(devices: &impl Devices, ids: Ids) {
    let is_used = async || {
        let device = devices.device(ids.user(1), ids.device_id(1)).await.unwrap();
        device.and_then(|device| device.rotation).map(|rotation| rotation.is_used)
    };
    mark_used(devices, ids, 1, 1).await;
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
    put(devices, &ids.device(1, 1)).await;
    rotate(devices, ids, 1, 0).await;
    for (family, generation) in [(1, 0), (1, 2), (2, 1)] {
        mark_used(devices, ids, family, generation).await;
        assert_eq!(is_used().await, Some(false), "{family} {generation}");
    }
    for _ in 0..2 {
        mark_used(devices, ids, 1, 1).await;
        assert_eq!(is_used().await, Some(true));
    }
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

pub async fn removing_an_unknown_device_is_false(devices: &impl Devices, ids: Ids) {
    assert!(!devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
    put(devices, &ids.device(1, 1)).await;
    assert!(!devices.remove_device(ids.user(1), ids.device_id(2), None).await.unwrap());
    assert!(devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
    assert!(!devices.remove_device(ids.user(1), ids.device_id(1), None).await.unwrap());
}
