//! An axum router as what answers.

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, Response, body::Incoming};
use tower::ServiceExt as _;

use crate::Handler;

/// A router; its handlers find who asks as `ConnectInfo<SocketAddr>`.
#[derive(Debug, Clone)]
pub struct Routed(pub Router);

impl Handler for Routed {
    type Body = Body;
    type Connection = ();

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        from: SocketAddr,
        _connection: &Arc<()>,
    ) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(from));
        // A router never fails, and is always ready.
        let Ok(answer) = self.0.clone().oneshot(request).await;
        answer
    }
}
