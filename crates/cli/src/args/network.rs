//! The network of commands that fetch from a hub: the flags of a run by the same names.

use super::RunArgs;
use clap::Args;
use std::path::PathBuf;

/// How servers are reached.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Trust only the certificates of this PEM file.
    #[arg(
        long,
        value_name = "FILE",
        env = "DUALROUND_CA_CERT",
        hide_env = true,
        hide_short_help = true
    )]
    pub(crate) ca_cert: Option<PathBuf>,
    /// PEM file with this client's certificate and its chain, and its key where --client-key names no other.
    #[arg(
        long,
        value_name = "FILE",
        env = "DUALROUND_CLIENT_CERT",
        hide_env = true,
        hide_short_help = true
    )]
    pub(crate) client_cert: Option<PathBuf>,
    /// PEM file with the key of --client-cert.
    #[arg(
        long,
        value_name = "FILE",
        env = "DUALROUND_CLIENT_KEY",
        hide_env = true,
        hide_short_help = true
    )]
    pub(crate) client_key: Option<PathBuf>,
    /// Proxy for every connection: http://, socks5:// or socks5h://, with user:password@ if it needs one [default: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, with NO_PROXY; loopback goes direct].
    #[arg(
        long,
        value_name = "URL",
        env = "DUALROUND_PROXY",
        hide_env = true,
        hide_env_values = true,
        hide_short_help = true
    )]
    pub(crate) proxy: Option<String>,
    /// Use no proxy, whatever the environment says.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true,
        hide_possible_values = true,
        env = "DUALROUND_NO_PROXY",
        hide_env = true,
        hide_short_help = true
    )]
    pub(crate) no_proxy: Option<bool>,
    /// Do not verify the server's certificate.
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        require_equals = true,
        hide_possible_values = true,
        env = "DUALROUND_INSECURE",
        hide_env = true,
        hide_short_help = true
    )]
    pub(crate) insecure: Option<bool>,
}

impl RunArgs {
    /// Those of a run.
    pub(crate) fn network(&self) -> NetworkArgs {
        NetworkArgs {
            ca_cert: self.ca_cert.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy,
            insecure: self.insecure,
        }
    }
}
