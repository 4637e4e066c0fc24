//! Answers the API server as Kubewarden's policy-server does: an `AdmissionReview` over TLS for each policy of a manifest,
//! judged by the module in the embedded waPC host.
//!
//! The behaviour follows policy-server 1.36.0-beta.1: `crates/policy-server/src/api` and
//! `crates/policy-evaluator/src/admission_response_handler.rs`.

mod namespaces;
mod policies;
mod review;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use clap::Parser;

use crate::namespaces::Cluster;
use crate::policies::Policies;
use crate::server::Server;

/// Serves the policies of a manifest at `/validate/clusterwide-NAME`, until it is killed.
#[derive(Debug, Parser)]
struct Args {
    /// The manifest with the ClusterAdmissionPolicies, as `kubectl kustomize` prints it.
    policies: PathBuf,
    /// The policy's module, which every `registry://` of the manifest stands for.
    #[arg(long)]
    module: PathBuf,
    /// The server's certificate and those that sign it (PEM).
    #[arg(long)]
    cert: PathBuf,
    /// The key of the certificate (PEM).
    #[arg(long)]
    key: PathBuf,
    /// The address to listen on. It is printed when the server is ready.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The number of evaluations at the same time, as KUBEWARDEN_WORKERS.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// The kubectl that reads Namespaces for scope.namespaceLabels.
    #[arg(long, default_value = "kubectl")]
    kubectl: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let manifest = std::fs::read_to_string(&args.policies)
        .with_context(|| args.policies.display().to_string())?;
    let policies = Policies::read(&manifest, &args.module)?;
    let server = Arc::new(Server::new(
        policies,
        Cluster::new(args.kubectl),
        args.workers,
    ));
    // Fails only if there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = RustlsConfig::from_pem_file(&args.cert, &args.key)
        .await
        .with_context(|| format!("{}, {}", args.cert.display(), args.key.display()))?;
    let listener = TcpListener::bind(args.listen)
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?);
    axum_server::from_tcp_rustls(listener, tls)?
        .serve(server::router(server).into_make_service())
        .await?;
    Ok(())
}
