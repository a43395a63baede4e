//! The user's devices.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use confab_app::devices::list_devices;
use confab_app::end_device::end_device;
use confab_domain::{DeviceId, Refusal};
use confab_protocol::http::{Devices, ErrorAnswer};

use crate::Shared;
use crate::answer::Failure;
use crate::extract::{Caller, Id};

/// The devices that the user is logged in on.
#[utoipa::path(get, path = "/v1/devices", security(("access_token" = [])), responses(
    (status = 200, body = Devices),
    (status = 401, body = ErrorAnswer),
))]
pub(super) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<Devices>, Failure> {
    Ok(Json(list_devices(&api.store, caller.identity.user, caller.identity.device).await?))
}

/// Log a device out.
#[utoipa::path(delete, path = "/v1/devices/{device}", security(("access_token" = [])),
    params(("device" = String, Path, description = "`dev_…`")), responses(
    (status = 204),
    (status = 401, body = ErrorAnswer),
    (status = 404, body = ErrorAnswer),
))]
pub(super) async fn end(
    State(api): State<Shared>,
    caller: Caller,
    Id(device): Id<DeviceId>,
) -> Result<StatusCode, Failure> {
    let context = api.presence(caller.now)?;
    if end_device(&context, &api.gateway, caller.identity.user, device, None).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::NotFound("device").into())
    }
}
