//! The HTTP side of the webhook.

use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::namespaces::Cluster;
use crate::policies::Policies;
use crate::review::Review;

/// The state of the server.
pub(crate) struct Server {
    policies: RwLock<Policies>,
    cluster: Arc<Cluster>,
    workers: Semaphore,
}

impl Server {
    pub(crate) fn new(policies: Policies, cluster: Cluster, workers: usize) -> Self {
        Self {
            policies: RwLock::new(policies),
            cluster: Arc::new(cluster),
            workers: Semaphore::new(workers),
        }
    }

    fn answer(&self, name: &str, review: &Review) -> Result<Value, Failure> {
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        let policy = policies.get(name);
        drop(policies);
        let policy = policy
            .ok_or_else(|| Failure(StatusCode::NOT_FOUND, format!("policy not found: {name}")))?;
        let cluster = Arc::clone(&self.cluster);
        let reads_namespaces = policy.reads_namespaces;
        let namespaces = move |namespace: &str| match reads_namespaces {
            true => cluster.namespace(namespace),
            false => Err(
                "the policy has no access to v1/Namespace; add it to contextAwareResources"
                    .to_owned(),
            ),
        };
        let answer = review.answer(name, &policy, namespaces);
        answer.map_err(|error| {
            Failure(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("request: {error}"),
            )
        })
    }
}

/// An answer that is not an `AdmissionReview`.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body = json!({ "message": message, "status": status.as_u16() });
        (status, Json(body)).into_response()
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

/// Returns the paths of the server.
pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/validate/{policy}", post(validate))
        .route("/policies", put(replace))
        .with_state(server)
}

async fn validate(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    // A body of more than 2 MiB, axum's default, is refused, as by policy-server.
    review: Result<Json<Review>, JsonRejection>,
) -> Result<Json<Value>, Failure> {
    let Json(review) = review?;
    let stopped = |error: &dyn std::fmt::Display| {
        Failure(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    let _permit = server
        .workers
        .acquire()
        .await
        .map_err(|error| stopped(&error))?;
    let evaluation = Arc::clone(&server);
    let answer = tokio::task::spawn_blocking(move || evaluation.answer(&name, &review)).await;
    answer.map_err(|error| stopped(&error))?.map(Json)
}

async fn replace(State(server): State<Arc<Server>>, manifest: String) -> Result<(), Failure> {
    let replaced = tokio::task::spawn_blocking(move || {
        let mut policies = server
            .policies
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        policies.replace(&manifest)
    });
    let replaced = replaced.await.map_err(anyhow::Error::from).flatten();
    replaced.map_err(|error| Failure(StatusCode::UNPROCESSABLE_ENTITY, format!("{error:#}")))
}
