//! Answers the API server as Kubewarden's policy-server does: an `AdmissionReview` over TLS for each policy, judged by the
//! module in the embedded waPC host. A `PUT` of a manifest at `/policies` replaces the policies.
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

/// Serves policies at `/validate/clusterwide-NAME`, until it is killed.
#[derive(Debug, Parser)]
struct Args {
    /// The policy's module, which every `registry://` of a manifest stands for.
    #[arg(long)]
    module: PathBuf,
    /// The server's certificate and those that sign it (PEM).
    #[arg(long)]
    cert: PathBuf,
    /// The key of the certificate (PEM).
    #[arg(long)]
    key: PathBuf,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The file for the address, which is written when the server listens.
    #[arg(long)]
    address: PathBuf,
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
    let server = Arc::new(Server::new(
        Policies::new(args.module),
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
    std::fs::write(&args.address, listener.local_addr()?.to_string())
        .with_context(|| args.address.display().to_string())?;
    axum_server::from_tcp_rustls(listener, tls)?
        .serve(server::router(server).into_make_service())
        .await?;
    Ok(())
}
