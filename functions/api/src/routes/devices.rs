//! Devices of the user.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use confab_app::accounts::devices::list_devices;
use confab_app::accounts::end_device::end_device;
use confab_app::push::register::{register, unregister};
use confab_domain::{DeviceId, Refusal};
use confab_protocol::http::{Devices, PushRegistration};
use confab_protocol::schema;

use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Body, Caller, Id};

/// List the devices that the user is logged in on.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_devices", tag = "devices",
    security(("access_token" = [])), responses(
    (status = 200, body = Devices),
    (status = 429),
))]
pub(super) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<Devices>, Failure> {
    let (user, device) = (caller.identity.user, caller.identity.device);
    api.answer_itself(&caller, list_devices(&api.store, user, device)).await
}

/// Log a device out.
#[utoipa::path(delete, path = "/v1/devices/{device}", operation_id = "end_device", tag = "devices",
    security(("access_token" = [])),
    params(("device" = schema::DeviceId, Path)), responses(
    (status = 204),
    (status = 404),
))]
pub(super) async fn end(
    State(api): State<Shared>,
    caller: Caller,
    Id(device): Id<DeviceId>,
) -> Result<StatusCode, Failure> {
    let context = api.presence(caller.now)?;
    if end_device(&context, (&api.gateway, &api.push), caller.identity.user, device, None).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound("device").into())
    }
}

/// Register this device for pushes, with its platform's token. Repeat the call at each start of the app.
#[utoipa::path(put, path = "/v1/devices/self/push", operation_id = "register_push", tag = "devices",
    security(("access_token" = [])),
    request_body = PushRegistration, responses(
    (status = 204),
    (status = 429),
))]
pub(super) async fn register_push(
    State(api): State<Shared>,
    mut caller: Caller,
    Body(wanted): Body<PushRegistration>,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_push_call(&caller).await?;
    register(&api.store, &api.push, caller.identity, &wanted, caller.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End this device's registration for pushes.
#[utoipa::path(delete, path = "/v1/devices/self/push", operation_id = "unregister_push", tag = "devices",
    security(("access_token" = [])), responses(
    (status = 204),
    (status = 429),
))]
pub(super) async fn unregister_push(
    State(api): State<Shared>,
    mut caller: Caller,
) -> Result<StatusCode, Failure> {
    let _permit = api.change_permit(&mut caller).await?;
    api.take_push_call(&caller).await?;
    unregister(&api.store, &api.push, caller.identity).await?;
    Ok(StatusCode::NO_CONTENT)
}
