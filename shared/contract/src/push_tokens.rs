//! Push tokens: at most one device has a given token.

use confab_app::ports::{Devices, RegisterOutcome};
use confab_domain::device::Device;
use confab_domain::push::{Endpoint, Platform, PushToken, Registration};
use confab_domain::refresh::Rotation;
use futures_util::future::join_all;

use crate::Ids;
use crate::ids::NOW;

/// Registration `n` of a sentence.
fn phone(ids: Ids, platform: Platform, n: u32) -> Registration {
    let token = PushToken::parse(&format!("{}-{n}", ids.bucket(0))).unwrap();
    let endpoint = Endpoint::new(format!("endpoint/{platform}/{}", token.reveal()));
    Registration { platform, token, endpoint, since: confab_domain::Timestamp::from_ms(7) }
}

fn apns(ids: Ids, n: u32) -> Registration {
    phone(ids, Platform::Apns, n)
}

async fn log_in(devices: &impl Devices, device: &Device) {
    devices.put_device(device).await.unwrap();
}

async fn register(devices: &impl Devices, device: &Device, registration: &Registration) -> RegisterOutcome {
    devices.register_push(device.user, device.device, device.family, registration).await.unwrap()
}

async fn drop_push(devices: &impl Devices, device: &Device, registration: &Registration) -> bool {
    devices.drop_push(device.user, device.device, registration).await.unwrap()
}

async fn pushed(devices: &impl Devices, device: &Device) -> Option<Registration> {
    devices.device(device.user, device.device).await.unwrap().unwrap().push
}

pub async fn a_registration_reads_back_whole(devices: &impl Devices, ids: Ids) {
    for (n, platform) in [(1, Platform::Apns), (2, Platform::Fcm)] {
        let device = ids.device(1, n);
        log_in(devices, &device).await;
        let registration = phone(ids, platform, n);
        assert_eq!(register(devices, &device, &registration).await, RegisterOutcome::Registered(None));
        let expected = Device { push: Some(registration), ..device };
        assert_eq!(devices.device(expected.user, expected.device).await.unwrap(), Some(expected));
    }
    let listed = devices.devices(ids.user(1)).await.unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|device| device.push.is_some()), "{listed:?}");
}

pub async fn registering_again_changes_nothing(devices: &impl Devices, ids: Ids) {
    let device = ids.device(1, 1);
    log_in(devices, &device).await;
    for _ in 0..3 {
        assert_eq!(register(devices, &device, &apns(ids, 1)).await, RegisterOutcome::Registered(None));
        assert_eq!(pushed(devices, &device).await, Some(apns(ids, 1)));
    }
}

pub async fn a_second_token_replaces_the_first_and_gives_it_back(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(1, 2));
    log_in(devices, &device).await;
    log_in(devices, &other).await;
    register(devices, &device, &apns(ids, 1)).await;
    let replaced = register(devices, &device, &apns(ids, 2)).await;
    assert_eq!(replaced, RegisterOutcome::Registered(Some(apns(ids, 1))));
    assert_eq!(pushed(devices, &device).await, Some(apns(ids, 2)));
    // No device has the first token, so registering it takes it from none.
    register(devices, &other, &apns(ids, 1)).await;
    assert_eq!(pushed(devices, &device).await, Some(apns(ids, 2)));
    assert_eq!(pushed(devices, &other).await, Some(apns(ids, 1)));
}

/// The push service may have made a new endpoint for the token.
pub async fn the_same_token_with_another_endpoint_gives_nothing_back(devices: &impl Devices, ids: Ids) {
    let device = ids.device(1, 1);
    log_in(devices, &device).await;
    register(devices, &device, &apns(ids, 1)).await;
    let anew = Registration { endpoint: Endpoint::new("endpoint/apns/anew"), ..apns(ids, 1) };
    assert_eq!(register(devices, &device, &anew).await, RegisterOutcome::Registered(None));
    assert_eq!(pushed(devices, &device).await, Some(anew));
}

pub async fn a_token_moves_between_devices_and_users(devices: &impl Devices, ids: Ids) {
    let [first, same_user, other_user] = [ids.device(1, 1), ids.device(1, 2), ids.device(2, 3)];
    for device in [&first, &same_user, &other_user] {
        log_in(devices, device).await;
    }
    let mut holder: Option<&Device> = None;
    for device in [&first, &same_user, &other_user, &first] {
        assert_eq!(register(devices, device, &apns(ids, 1)).await, RegisterOutcome::Registered(None));
        assert_eq!(pushed(devices, device).await, Some(apns(ids, 1)));
        if let Some(loser) = holder {
            assert_eq!(pushed(devices, loser).await, None);
        }
        holder = Some(device);
    }
}

pub async fn a_token_that_moves_takes_no_other_token_away(devices: &impl Devices, ids: Ids) {
    let (one, two) = (ids.device(1, 1), ids.device(2, 2));
    log_in(devices, &one).await;
    log_in(devices, &two).await;
    register(devices, &one, &apns(ids, 1)).await;
    register(devices, &two, &apns(ids, 1)).await;
    register(devices, &one, &apns(ids, 2)).await;
    assert_eq!(pushed(devices, &two).await, Some(apns(ids, 1)));
    // The same text as a token of the other platform.
    let fcm = Registration { token: apns(ids, 1).token, ..phone(ids, Platform::Fcm, 1) };
    register(devices, &one, &fcm).await;
    assert_eq!(pushed(devices, &two).await, Some(apns(ids, 1)));
    assert_eq!(pushed(devices, &one).await, Some(fcm));
}

/// The login ended by a logout, or by another login.
pub async fn an_ended_login_registers_nothing(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(2, 2));
    assert_eq!(register(devices, &device, &apns(ids, 1)).await, RegisterOutcome::Ended);
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), []);
    log_in(devices, &other).await;
    register(devices, &other, &apns(ids, 1)).await;
    log_in(devices, &Device { family: ids.family(7), ..device.clone() }).await;
    assert_eq!(register(devices, &device, &apns(ids, 1)).await, RegisterOutcome::Ended);
    assert_eq!(pushed(devices, &device).await, None);
    assert_eq!(pushed(devices, &other).await, Some(apns(ids, 1)), "the ended login took no token");
}

pub async fn a_login_on_the_same_device_starts_unregistered(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(2, 2));
    log_in(devices, &device).await;
    log_in(devices, &other).await;
    register(devices, &device, &apns(ids, 1)).await;
    let again = Device { family: ids.family(7), ..device };
    log_in(devices, &again).await;
    assert_eq!(pushed(devices, &again).await, None);
    register(devices, &other, &apns(ids, 1)).await;
    assert_eq!(pushed(devices, &other).await, Some(apns(ids, 1)));
    register(devices, &again, &apns(ids, 1)).await;
    let both = (pushed(devices, &again).await, pushed(devices, &other).await);
    assert_eq!(both, (Some(apns(ids, 1)), None));
}

pub async fn a_dropped_registration_is_removed_and_its_token_free(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(2, 2));
    log_in(devices, &device).await;
    log_in(devices, &other).await;
    register(devices, &device, &apns(ids, 1)).await;
    assert!(drop_push(devices, &device, &apns(ids, 1)).await);
    assert_eq!(pushed(devices, &device).await, None);
    assert!(drop_push(devices, &device, &apns(ids, 1)).await, "no device has the token");
    assert_eq!(register(devices, &other, &apns(ids, 1)).await, RegisterOutcome::Registered(None));
    assert_eq!(register(devices, &device, &apns(ids, 1)).await, RegisterOutcome::Registered(None));
}

pub async fn a_registration_that_moved_to_another_device_is_not_dropped(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(2, 2));
    log_in(devices, &device).await;
    log_in(devices, &other).await;
    register(devices, &device, &apns(ids, 1)).await;
    register(devices, &other, &apns(ids, 1)).await;
    assert!(!drop_push(devices, &device, &apns(ids, 1)).await);
    assert_eq!(pushed(devices, &other).await, Some(apns(ids, 1)));
}

/// The dropped registration was read earlier; the device has another one now.
pub async fn a_later_registration_of_the_device_is_not_dropped(devices: &impl Devices, ids: Ids) {
    let device = ids.device(1, 1);
    log_in(devices, &device).await;
    register(devices, &device, &apns(ids, 1)).await;
    register(devices, &device, &apns(ids, 2)).await;
    assert!(drop_push(devices, &device, &apns(ids, 1)).await);
    assert_eq!(pushed(devices, &device).await, Some(apns(ids, 2)));
}

pub async fn a_registration_of_a_removed_device_is_dropped(devices: &impl Devices, ids: Ids) {
    let (device, other) = (ids.device(1, 1), ids.device(2, 2));
    log_in(devices, &device).await;
    log_in(devices, &other).await;
    register(devices, &device, &apns(ids, 1)).await;
    assert!(devices.remove_device(device.user, device.device, None).await.unwrap());
    assert!(drop_push(devices, &device, &apns(ids, 1)).await);
    assert_eq!(devices.devices(ids.user(1)).await.unwrap(), [], "no device is made");
    assert_eq!(register(devices, &other, &apns(ids, 1)).await, RegisterOutcome::Registered(None));
    assert!(!drop_push(devices, &device, &apns(ids, 1)).await, "another device has the token");
    assert_eq!(pushed(devices, &other).await, Some(apns(ids, 1)));
}

/// Each racer may lose and fail, but afterwards exactly one device has the token.
pub async fn of_racing_registrations_of_a_token_exactly_one_has_it(devices: &impl Devices, ids: Ids) {
    let all = [ids.device(1, 1), ids.device(1, 2), ids.device(2, 3)];
    for device in &all {
        log_in(devices, device).await;
    }
    for n in 0..10 {
        let token = apns(ids, n);
        let racers =
            all.iter().map(|device| devices.register_push(device.user, device.device, device.family, &token));
        let outcomes = join_all(racers).await;
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        let mut owners = 0;
        for device in &all {
            owners += usize::from(pushed(devices, device).await.as_ref() == Some(&token));
        }
        assert_eq!(owners, 1, "token {n}");
    }
}

pub async fn a_rotation_keeps_the_registration(devices: &impl Devices, ids: Ids) {
    let device = ids.device(1, 1);
    log_in(devices, &device).await;
    register(devices, &device, &apns(ids, 1)).await;
    devices
        .rotate(device.user, device.device, device.family, 0, &Rotation::by(None, NOW), NOW)
        .await
        .unwrap();
    assert_eq!(pushed(devices, &device).await, Some(apns(ids, 1)));
}
