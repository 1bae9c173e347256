//! The health of a node by the standard protocol of gRPC (`grpc.health.v1.Health`), which load balancers and Kubernetes speak; with the
//! feature `grpc`.
//!
//! It is a service for a gRPC server of the application's, built with `tonic`:
//!
//! ```text
//! use mainstay::grpc::HealthService;
//! use mainstay::prelude::*;
//! use tonic::transport::Server;
//!
//! # async fn serve(node: Node) -> Result<(), Box<dyn std::error::Error>> {
//! Server::builder()
//!     .add_service(HealthService::of(&node).into_server())
//!     .serve("127.0.0.1:50051".parse()?)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! | `service` of the request | is served if |
//! |---|---|
//! | empty | the node is [ready](crate::Readiness) |
//! | `production` | the namespace has a health aggregator, and work can be given to it |
//! | `production/db`, or `db` if only one namespace has such | the check `db` of it is healthy or degraded |
//!
//! What is not served is `NOT_SERVING`. What is not there is `NOT_FOUND` for `Check`, and `SERVICE_UNKNOWN` for `Watch`, which goes on to look whether it
//! comes. It tells nothing but that, so it needs no token; who may connect is the server's matter.

mod find;
mod watch;

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, async_trait};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::Node;
use crate::node::State;
use watch::Changes;

/// The most who may watch at a time; others are told to come back later.
pub const WATCHERS_MAX: usize = 256;

/// Tells the health of a node over gRPC. Cheap to clone; it does not keep the node up.
#[derive(Clone)]
pub struct HealthService {
    node: Weak<State>,
    room: Arc<Semaphore>,
}

impl HealthService {
    /// That of a node.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        Self {
            node: Arc::downgrade(node.state()),
            room: Arc::new(Semaphore::new(WATCHERS_MAX)),
        }
    }

    /// As a service for a gRPC server.
    #[must_use]
    pub fn into_server(self) -> HealthServer<Self> {
        HealthServer::new(self)
    }
}

impl fmt::Debug for HealthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HealthService")
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[async_trait]
impl Health for HealthService {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match find::status(&self.node, &request.get_ref().service) {
            ServingStatus::ServiceUnknown => Err(Status::not_found("there is no such service")),
            status => Ok(Response::new(response(status))),
        }
    }

    type WatchStream = Changes;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Changes>, Status> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| {
            let why = format!("{WATCHERS_MAX} watch already; come back later");
            Status::resource_exhausted(why)
        })?;
        let service = request.into_inner().service;
        Ok(Response::new(Changes::new(
            self.node.clone(),
            service,
            room,
        )))
    }
}
